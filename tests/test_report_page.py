"""The report's page to the letter: cells, checksums, contrast, keyboard, paper."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page

from cinelake.ask import AskOptions, ask_questions
from cinelake.sample import write_sample
from figures import read_works
from projects import DATE, ProjectFolder

QUESTIONS = ("films-vs-series", "budget-and-return")
SECRET = "eyJhbGciOiJIUzI1NiJ9.not.a.real.token"
A4_PX = 718
"""The width of A4 paper without margins of 10 mm, at 96 pixels an inch."""
CONTRASTS = """() => {
  const parts = text => text.match(/[\\d.]+/g).map(Number)
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0)
  const paper = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = parts(getComputedStyle(at).backgroundColor)
      if (color.length === 3 || color[3] > 0) return color
    }
  }
  return [...document.body.querySelectorAll("*")]
    .filter(element => element.checkVisibility() && !element.classList.contains("skip"))
    .filter(element => [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .map(element => {
      const style = getComputedStyle(element)
      const [ink, ground] = [light(parts(element.tagName === "text" ? style.fill : style.color)), light(paper(element))]
      const told = `${element.tagName}: ${element.textContent.trim().slice(0, 40)}`
      return [(Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05), told]
    })
}"""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """A project over the invented sample, run once, with a secret at hand."""
    folder = ProjectFolder(tmp_path_factory.mktemp("page") / "project")
    write_sample(folder.path, films=800, series=120)
    folder.write_settings()
    folder.path.joinpath(".env").write_text(f"TMDB_TOKEN={SECRET}\n")
    folder.document("run", "--date", DATE)
    return folder


def report_of(folder: ProjectFolder) -> Path:
    return folder.path / "report" / "report.html"


def opened(browser: Browser, folder: ProjectFolder, **context: Any) -> Page:
    page = browser.new_context(**context).new_page()
    page.goto(report_of(folder).as_uri())
    return page


def cells(row: Locator) -> list[tuple[str, str | None]]:
    """The text of each cell, and the exact figure behind it."""
    read = row.evaluate("row => [...row.cells].map(cell => [cell.textContent, cell.dataset.value ?? null])")
    return [(text, value) for text, value in read]


# What it says


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_cell_is_that_of_the_json_row_to_the_last_digit(
    browser: Browser, sample: ProjectFolder, question: str
) -> None:
    words = {words.question: words.words for words in ask_questions(*sample.open(), AskOptions(record=False)).answers}
    shown = [name for name in words[question].columns if name != words[question].split]
    rows = opened(browser, sample).locator(f"#question-{question} table[data-table=answer] tbody tr").all()
    told = sample.document("ask", question)["rows"]
    assert len(rows) == len(told)
    for row, answer in zip(rows, told, strict=True):
        for name, (text, exact) in zip(shown, cells(row), strict=True):
            if answer[name] is None:
                assert (text, exact) == ("–", None)
            elif words[question].form(name) == "text":
                assert text == words[question].word(name, answer[name], "en")
            else:
                assert exact == json.dumps(answer[name]), f"{name} of {answer}"


def test_the_coverage_is_counted_from_the_files(browser: Browser, sample: ProjectFolder) -> None:
    counted, _ = read_works(sample.path).money(["Drama", "Romance"])
    limits = opened(browser, sample).locator("#limits").inner_text()
    known, matched, revenue = (counted[name] for name in ("budget_known", "matched_in_tmdb", "revenue_known"))
    assert f"Budget is known for {known:,} of {matched:,} films, revenue for {revenue:,}." in limits


def test_the_checksums_are_those_of_the_bytes_in_the_lake(browser: Browser, sample: ProjectFolder) -> None:
    page = opened(browser, sample)
    listed = [[text for text, _ in cells(row)] for row in page.locator("#sources tbody tr").all()]
    lake = sample.path / "lake"
    raw = [str(path.relative_to(lake)) for path in lake.joinpath("Raw").rglob("*") if path.is_file()]
    assert sorted(key for key, _, _, _ in listed) == sorted(raw)
    for key, day, size, checksum in listed:
        data = (lake / key).read_bytes()
        assert (day, size, checksum) == (DATE, f"{len(data):,}", hashlib.sha256(data).hexdigest())
    build = json.loads((lake / page.locator("#sources p code").last.inner_text()).read_bytes())
    assert [entry["sha256"] for entry in build["inputs"]] == [checksum for _, _, _, checksum in listed]


def test_a_secret_at_hand_is_not_in_it(sample: ProjectFolder) -> None:
    assert SECRET not in report_of(sample).read_text(encoding="utf-8")


def test_each_figure_of_the_whole_has_words_and_its_unit(browser: Browser, sample: ProjectFolder) -> None:
    read = {
        text: figure
        for row in opened(browser, sample).locator("#question-budget-and-return h3 + .wide tr").all()
        for (text, _), (figure, _) in [cells(row)]
    }
    summary = sample.document("ask", "budget-and-return")["summary"]
    assert len(read) == len(summary)
    assert not [text for text in read if "q1" in text or text[0].islower()]
    assert read["Budget from which it is big"] == f"${summary['budget_q3']:,.0f}"
    assert read["Share that made a profit"] == f"{summary['profitable_share']:.1%}"
    assert read["Median ROI"] == f"{summary['median_roi']:.2f}"


# How it is drawn


def test_no_name_on_a_chart_covers_a_mark_or_another_name(browser: Browser, sample: ProjectFolder) -> None:
    page = opened(browser, sample, viewport={"width": 1000, "height": 1000})
    chart = page.locator("#question-budget-and-return figure svg").first

    def boxes(selector: str) -> list[list[float]]:
        found: list[list[float]] = chart.locator(selector).evaluate_all(
            "all => all.map(each => each.getBoundingClientRect())"
            ".map(box => [box.left, box.top, box.right, box.bottom])"
        )
        return found

    names, marks = boxes(".mark-text.role-mark text"), boxes(".mark-symbol.role-mark path[opacity='0.8']")
    assert len(names) >= 4
    assert len(marks) >= len(names)
    met = [
        (name, other)
        for at, name in enumerate(names)
        for other in [*names[at + 1 :], *marks]
        if name[0] < other[2] and other[0] < name[2] and name[1] < other[3] and other[1] < name[3]
    ]
    assert met == []
    [area] = boxes(".background >> nth=0")
    assert all(area[0] < box[0] and box[2] < area[2] for box in [*names, *marks])


def test_the_axes_of_a_chart_tell_round_values(browser: Browser, sample: ProjectFolder) -> None:
    chart = opened(browser, sample).locator("#question-budget-and-return figure svg").first
    labels = [texts.locator("text").all_text_contents() for texts in chart.locator(".role-axis-label").all()]
    across, up = sorted([[label for label in texts if label] for texts in labels], key=lambda texts: "0" in texts)
    assert {"1M", "10M"} <= set(across)
    assert {"0", "1", "5"} <= set(up)


# How it is read


def test_without_scripts_it_reads_the_same(browser: Browser, sample: ProjectFolder) -> None:
    texts = [opened(browser, sample, java_script_enabled=on).locator("body").inner_text() for on in (True, False)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Browser, sample: ProjectFolder, scheme: Any) -> None:
    measured = opened(browser, sample, color_scheme=scheme).evaluate(CONTRASTS)
    assert len(measured) > 100
    assert [told for contrast, told in measured if contrast < 4.5] == []


def test_each_stop_of_the_tab_key_can_be_seen(browser: Browser, sample: ProjectFolder) -> None:
    page = opened(browser, sample)
    stops = page.locator("a[href], button, summary, [tabindex='0']").evaluate_all(
        "all => all.filter(each => each.checkVisibility()).length"
    )
    assert stops > 8
    for _ in range(stops):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            "() => { const at = document.activeElement, box = at.getBoundingClientRect(); "
            "return [at.tagName, getComputedStyle(at).outlineStyle, box.left >= 0, box.width > 0] }"
        )
        assert seen[0] != "BODY"
        assert seen[1:] == ["solid", True, True], seen


def test_each_question_has_its_heading_chart_and_text_alternative(browser: Browser, sample: ProjectFolder) -> None:
    page = opened(browser, sample)
    for question in QUESTIONS:
        section = page.locator(f"section#question-{question}")
        charts = section.locator("figure [role=img]:has(svg)").all()
        assert charts
        told = section.locator("p.answer").inner_text()
        assert all(told.startswith((chart.get_attribute("aria-label") or "").split(". ", 1)[1]) for chart in charts)
        assert section.locator("details:not([open]) pre").count() > 0
    ids = page.locator("[id]").evaluate_all("all => all.map(each => each.id)")
    assert len(ids) == len(set(ids))
    assert page.title() == page.locator("h1").inner_text()


def test_paper_shows_what_is_folded_away(browser: Browser, sample: ProjectFolder) -> None:
    page = opened(browser, sample)
    page.emulate_media(media="print")
    heights = page.locator("details pre, details table").evaluate_all(
        "all => all.map(each => each.checkVisibility({contentVisibilityAuto: true}) ? each.offsetHeight : 0)"
    )
    assert len(heights) > 5
    assert min(heights) > 0


def test_paper_cuts_nothing_off(browser: Browser, sample: ProjectFolder) -> None:
    page = opened(browser, sample, viewport={"width": A4_PX, "height": 1000})
    page.emulate_media(media="print")
    hidden = page.locator(".wide, pre").evaluate_all(
        "all => all.filter(each => each.checkVisibility() && each.scrollWidth > each.clientWidth)"
        ".map(each => each.textContent.trim().slice(0, 40))"
    )
    assert hidden == []
    assert page.evaluate("document.documentElement.scrollWidth") <= A4_PX
