"""The report in both languages, at the widths of a telephone and a desk, in a real browser."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from playwright.sync_api import Browser, Locator, Page

from cinelake.ask.questions import load_questions
from cinelake.ask.sentences import Language
from cinelake.ask.words import Words
from cinelake.sample import write_sample
from projects import DATE, ProjectFolder
from test_report import opened

LANGUAGES = get_args(Language)
KEYWORDS: Any = {"_": None, "gettext": None, "ngettext": (1, 2)}
WIDTHS = {"telephone": 390, "desk": 1280}
REPORT = files("cinelake.report")
EXAMPLES = ("genres-over-decades", "best-artists")
ALIKE = frozenset({"ROI", "Bytes", "SHA-256", "Drama", "Romance", "· lake"})
"""Words that are the same in both languages."""
NAMES = ("Invented:", "Local ", "TMDB ")
"""How titles of the sample and names of the lake's groups of objects begin."""
READ = """() => [...document.querySelectorAll("body *")]
  .filter(each => !each.closest("code, pre, script, style, cite, td, [lang=en] [lang], [lang|=pt] [lang]"))
  .flatMap(each => [...each.childNodes].filter(node => node.nodeType === 3).map(node => node.data.trim()))
  .concat([...document.querySelectorAll(":not(svg) > [aria-label]:not(svg *)")].map(each => each.ariaLabel))
  .filter(text => /\\p{L}{3}/u.test(text))"""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """A project over the invented sample, its report written in both languages."""
    folder = ProjectFolder(tmp_path_factory.mktemp("languages") / "project")
    write_sample(folder.path, films=800, series=120)
    folder.write_settings()
    folder.document("run", "--date", DATE)
    for language in LANGUAGES:
        folder.document("report", "--lang", language, "--output", str(folder.path / f"{language}.html"))
    return folder


def page_in(browser: Browser, sample: ProjectFolder, language: str, **context: Any) -> Page:
    page, requests, complaints = opened(browser, sample.path / f"{language}.html", **context)
    assert (requests, complaints) == ([], [])
    return page


def column(table: Locator, number: int) -> list[str | None]:
    read: list[str | None] = table.locator("tbody tr").evaluate_all(
        "(rows, number) => rows.map(row => row.cells[number].dataset.value ?? row.cells[number].textContent)", number
    )
    return read


# Words


def test_nothing_is_left_in_the_other_language(browser: Browser, sample: ProjectFolder) -> None:
    en, pt = ({*page_in(browser, sample, language).evaluate(READ)} for language in LANGUAGES)
    assert len(en) > 80
    assert [text for text in en & pt if text not in ALIKE and not text.startswith(NAMES)] == []


def test_each_word_of_a_question_is_told_in_both_languages(sample: ProjectFolder) -> None:
    project = sample.load()
    told = [words for each in load_questions(project) for words in _words(each.words.model_dump())]
    told += [words for each in load_questions(project, EXAMPLES) for words in _words(each.words.model_dump())]
    assert len(told) > 100
    assert {words.en for words in told if words.en == words.pt and words.en not in ALIKE} == set()


def _words(told: Any) -> Iterator[Words]:
    if isinstance(told, dict):
        if {"en", "pt"} <= set(told):
            yield Words(en=told["en"], pt=told["pt"])
        for each in told.values():
            yield from _words(each)
    elif isinstance(told, list | tuple):
        for each in told:
            yield from _words(each)


def test_the_catalogue_has_each_word_of_the_page_and_no_other() -> None:
    used: set[Any] = set()
    sources = {"page.html.j2": "jinja2.ext:babel_extract", "page.py": "python"}
    for name, method in sources.items():
        with (REPORT / name).open("rb") as file:
            found = extract(method, file, keywords=KEYWORDS, options={"trimmed": "true"})
            used |= {message for _, message, _, _ in found}
    with (REPORT / "locale" / "pt_BR.po").open("rb") as file:
        catalogue = read_po(file, locale="pt_BR")
    there: dict[Any, Any] = {message.id: message for message in catalogue if message.id}
    assert set(there) == used
    for name, message in there.items():
        texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
        assert all(texts), f"{name} has no translation"
        wanted = set(re.findall(r"%\(\w+\)s|</?\w+", str(name)))
        assert all(set(re.findall(r"%\(\w+\)s|</?\w+", text)) == wanted for text in texts), name
        assert not message.fuzzy


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_and_dates_are_written_as_the_language_has_them(
    browser: Browser, sample: ProjectFolder, language: str
) -> None:
    page = page_in(browser, sample, language)
    assert page.locator("html").get_attribute("lang") == {"en": "en", "pt": "pt-BR"}[language]
    assert {"en": "May 2, 2022", "pt": "2 de maio de 2022"}[language] in page.locator(".subtitle").inner_text()
    shown = page.locator("#question-budget-and-return h3 + .wide td").all_inner_texts()
    money = {"en": r"\$\d{1,3}(,\d{3})+", "pt": r"US\$\s\d{1,3}(\.\d{3})+"}[language]
    assert any(re.fullmatch(money, text) for text in shown)
    share = {"en": r"\d+\.\d%", "pt": r"\d+,\d%"}[language]
    assert any(re.fullmatch(share, text) for text in shown)
    ticks = page.locator("#question-budget-and-return figure svg .role-axis-label text").all_text_contents()
    assert {"en": "1M", "pt": "1\xa0mi"}[language] in ticks


def test_the_language_is_a_setting_of_the_project(folder: ProjectFolder) -> None:
    folder.write_settings(more='[report]\nlanguage = "pt"')
    ended = folder.cinelake("run", "--date", DATE, "-q")
    assert '<html lang="pt-BR">' in folder.path.joinpath("report/report.html").read_text(encoding="utf-8")
    assert "Quais filmes custaram muito" in ended.stdout
    assert "Which films" in folder.cinelake("ask", "-q", "--lang", "en").stdout


# Sight and touch


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_serious(
    browser: Browser, sample: ProjectFolder, language: str, scheme: Any, width: int
) -> None:
    page = page_in(browser, sample, language, color_scheme=scheme, viewport={"width": width, "height": 900})
    found = Axe().run(page).response["violations"]
    assert [
        (each["id"], each["impact"], [node["html"] for node in each["nodes"]][:3])
        for each in found
        if each["impact"] in ("serious", "critical")
    ] == []


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_does_not_scroll_sideways(browser: Browser, sample: ProjectFolder, language: str, width: int) -> None:
    page = page_in(browser, sample, language, viewport={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_small(sample: ProjectFolder, language: str) -> None:
    assert (sample.path / f"{language}.html").stat().st_size < 3_000_000


def test_a_table_is_sorted_by_a_click_on_a_heading(browser: Browser, sample: ProjectFolder) -> None:
    table = page_in(browser, sample, "pt").locator("#question-films-vs-series table[data-table=answer]")
    heading = table.locator("th").nth(3)
    before = column(table, 3)
    heading.get_by_role("button").click()
    rising = column(table, 3)
    assert rising == sorted(before, key=lambda text: float(text or 0))
    assert rising != before
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.get_by_role("button").press("Enter")
    assert column(table, 3) == rising[::-1]
    assert heading.get_attribute("aria-sort") == "descending"
    table.locator("th").nth(1).get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "none"
    names = column(table, 1)
    assert names == sorted(names, key=lambda text: str(text).casefold())


def test_what_is_unknown_comes_last_however_a_table_is_sorted(browser: Browser, folder: ProjectFolder) -> None:
    folder.document("run", "--date", DATE)
    page, _, _ = opened(browser, folder.path / "report" / "report.html")
    table = page.locator("#question-films-vs-series table[data-table=answer]")
    number = table.locator("th").count() - 1
    unknown = column(table, number).count("–")
    assert 0 < unknown < len(column(table, number))
    for _ in range(2):
        table.locator("th").nth(number).get_by_role("button").click()
        assert column(table, number)[-unknown:] == ["–"] * unknown


def test_each_table_and_chart_leads_to_its_sql_and_to_what_it_rests_on(browser: Browser, sample: ProjectFolder) -> None:
    page = page_in(browser, sample, "en")
    for place in page.locator("section:has(h2) caption:has(a), section:has(h2) figcaption").all():
        links = [link.get_attribute("href") or "" for link in place.locator("a.how").all()]
        assert len(links) == 2
        assert links[1] == "#sources"
        assert page.locator(f"details h3[id='{links[0][1:]}'] + pre").count() == 1
    link = page.locator("#question-films-vs-series table[data-table=differences] caption a").first
    sql = page.locator("#question-films-vs-series-sql-differences + pre")
    assert not sql.is_visible()
    link.click()
    assert sql.is_visible()
    assert "FROM compared" in sql.inner_text()
    assert (
        page.evaluate("document.getElementById('question-films-vs-series-sql-differences').getBoundingClientRect().top")
        < 900
    )


def test_the_contents_lead_to_every_section(browser: Browser, sample: ProjectFolder) -> None:
    page = page_in(browser, sample, "en")
    links = [link.get_attribute("href") for link in page.locator("nav a").all()]
    sections = page.locator("main > section[aria-labelledby]").evaluate_all("all => all.map(each => '#' + each.id)")
    assert links == sections


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_prints(browser: Browser, sample: ProjectFolder, language: str) -> None:
    page = page_in(browser, sample, language)
    paper = page.pdf(format="A4")
    assert paper.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) > 3


# Charts alone


@pytest.mark.parametrize(("form", "first"), [("png", b"\x89PNG"), ("svg", b"<svg")])
def test_charts_are_written_by_themselves(sample: ProjectFolder, tmp_path: Path, form: str, first: bytes) -> None:
    told = sample.document("report", "--format", form, "--lang", "pt", "--output", str(tmp_path / "charts"))
    charts = [Path(path) for path in told["charts"]]
    assert sorted(tmp_path.joinpath("charts").iterdir()) == sorted(charts)
    assert {path.name for path in charts} >= {f"films-vs-series-1.{form}", f"budget-and-return-1.{form}"}
    assert all(path.read_bytes().startswith(first) for path in charts)
    again = sample.document("report", "--format", form, "--lang", "pt", "--output", str(tmp_path / "charts"))
    assert again["status"] == "unchanged"
