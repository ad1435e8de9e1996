"""The report: one file that opens offline in a real browser, whose figures are those of `ask`."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from cinelake import ConfigurationError, ReportOptions, write_report
from cinelake.ask import AskOptions, AskResult, ask_questions
from cinelake.lake.keys import KeyTemplate
from cinelake.report.page import render_page
from cinelake.sample import write_sample
from projects import DATE, SERIES_HEADER, SMALL_MOVIES, SMALL_SERIES, ProjectFolder

TMDB_NOTICE = "This product uses TMDB and the TMDB APIs but is not endorsed, certified, or otherwise approved by TMDB."


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """A project over the invented sample, run once."""
    folder = ProjectFolder(tmp_path_factory.mktemp("report") / "project")
    write_sample(folder.path, films=800, series=120)
    folder.write_settings()
    folder.document("run", "--date", DATE)
    return folder


@pytest.fixture(scope="module")
def asked(sample: ProjectFolder) -> AskResult:
    project, lake, run = sample.open()
    return ask_questions(project, lake, run, AskOptions(record=False))


def opened(browser: Browser, path: Path, **context: Any) -> tuple[Page, list[str], list[str]]:
    """The page, what it asked for beside itself, and what it complained of."""
    page = browser.new_context(**context).new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_load_state("networkidle")
    return page, [url for url in requests if url != path.as_uri() and not url.startswith("data:")], complaints


def report_of(folder: ProjectFolder) -> Path:
    return folder.path / "report" / "report.html"


@pytest.mark.parametrize("context", [{}, {"java_script_enabled": False}, {"color_scheme": "dark"}])
def test_it_opens_without_a_request_or_a_complaint(
    browser: Browser, sample: ProjectFolder, context: dict[str, Any]
) -> None:
    page, requests, complaints = opened(browser, report_of(sample), **context)
    assert (requests, complaints) == ([], [])
    assert page.locator("h1").inner_text() == "Drama and Romance: films or series?"


def test_each_figure_of_its_tables_is_that_of_ask(browser: Browser, sample: ProjectFolder, asked: AskResult) -> None:
    page, _, _ = opened(browser, report_of(sample))
    for answer in asked.answers:
        section = page.locator(f"#question-{answer.question}")
        shown = section.locator("table[data-table=answer] tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.dataset.value ?? null))"
        )
        columns = [name for name in answer.words.columns if name != answer.words.split]
        figures = [name for name in columns if answer.words.form(name) != "text"]
        told = [[None if row[name] is None else row[name] for name in figures] for row in answer.rows]
        read = [
            [
                None if value is None else float(value)
                for value, name in zip(row, columns, strict=True)
                if name in figures
            ]
            for row in shown
        ]
        assert read == [[None if value is None else float(value) for value in row] for row in told]
        assert len(read) > 5
        summary = section.locator("h3 + .wide tr").evaluate_all(
            "rows => rows.map(row => [row.cells[0].innerText, row.cells[1].dataset.value])"
        )
        assert {name: float(value) for name, value in summary} == {
            answer.words.figures[name].en: float(value) for name, value in answer.summary.items()
        }


def test_the_sentences_hold_the_figures(browser: Browser, sample: ProjectFolder, asked: AskResult) -> None:
    page, _, _ = opened(browser, report_of(sample))
    text = page.locator("#answers").inner_text()
    by_question = {answer.question: answer for answer in asked.answers}
    film = next(row for row in by_question["films-vs-series"].rows if (row["kind"], row["genre"]) == ("film", "any"))
    assert f"{film['mean_rating']:.2f}" in text
    assert f"{film['titles']:,} films" in text
    summary = by_question["budget-and-return"].summary
    assert f"Of {summary['population']:,} films" in text
    limits = page.locator("#limits").inner_text()
    assert f"Budget is known for {summary['budget_known']:,} of {summary['matched_in_tmdb']:,} films" in limits
    assert "Series have no budget and no revenue on TMDB" in limits


def test_every_object_that_was_read_is_listed_with_its_checksum(
    browser: Browser, sample: ProjectFolder, asked: AskResult
) -> None:
    page, _, _ = opened(browser, report_of(sample))
    listed = page.locator("#sources tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(c => c.textContent))"
    )
    assert {(key, size.replace(",", ""), sha256) for key, _, size, sha256 in listed} == {
        (record.key, str(record.bytes), record.sha256) for record in asked.build.inputs
    }
    assert TMDB_NOTICE in page.locator("#sources").inner_text()
    assert "cinelake verify" in page.locator("#sources").inner_text()


def test_it_can_be_read_by_keyboard_and_screen_reader(browser: Browser, sample: ProjectFolder) -> None:
    page, _, _ = opened(browser, report_of(sample))
    levels = [int(tag[1]) for tag in page.locator("h1, h2, h3").evaluate_all("all => all.map(each => each.tagName)")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert page.locator("main").count() == 1
    charts = page.locator("figure [role=img]:has(svg)")
    assert charts.count() >= 3
    assert all(len(chart.get_attribute("aria-label") or "") > 80 for chart in charts.all())
    assert page.locator("figure svg").count() == charts.count()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the answers"
    page.keyboard.press("Enter")
    assert page.url.endswith("#answers")


def test_a_telephone_does_not_scroll_sideways(browser: Browser, sample: ProjectFolder) -> None:
    page, _, _ = opened(browser, report_of(sample), viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_title_is_text_and_nothing_else(browser: Browser, tmp_path: Path) -> None:
    folder = ProjectFolder(tmp_path / "project")
    evil = '<script>console.error("run")</script>&amp; "<b>x</b>"'
    quoted = '"' + evil.replace('"', '""') + '"'
    folder.write_csv("movies.csv", [row.replace("tt99000001|One", f"tt99000001|{quoted}") for row in SMALL_MOVIES])
    folder.write_csv("series.csv", SMALL_SERIES, header=SERIES_HEADER)
    record = {
        "id": 1,
        "imdb_id": "tt99000001",
        "title": "x",
        "popularity": 1.5,
        "budget": 1_000_000,
        "revenue": 2_000_000,
    }
    folder.write_records("tmdb.jsonl", [record])
    folder.write_settings()
    folder.document("run")
    page, requests, complaints = opened(browser, report_of(folder))
    assert (requests, complaints) == ([], [])
    assert evil in page.locator("#question-budget-and-return").inner_text()
    assert page.locator("#question-budget-and-return b").count() == 0


def test_without_tmdb_it_says_so_and_thanks_nobody(folder: ProjectFolder) -> None:
    folder.write_settings(tmdb='source = "off"')
    folder.document("run")
    text = report_of(folder).read_text(encoding="utf-8")
    assert "No TMDB record is in this lake" in text
    assert TMDB_NOTICE not in text


def test_the_same_answers_give_the_same_bytes(sample: ProjectFolder, asked: AskResult) -> None:
    project, lake, run = sample.open()
    page = render_page(asked.answers, asked.build, lake=str(lake), keys=KeyTemplate(project.lake.key))
    assert page.encode() == report_of(sample).read_bytes()
    before = report_of(sample).stat().st_mtime_ns
    assert write_report(project, lake, run, asked).status == "unchanged"
    assert report_of(sample).stat().st_mtime_ns == before
    assert len(page.encode()) < 3_000_000


def test_it_is_written_where_it_is_asked_for(sample: ProjectFolder, tmp_path: Path) -> None:
    told = sample.document("report", "--output", str(tmp_path / "deep" / "mine.html"))
    assert told["path"] == str(tmp_path / "deep" / "mine.html")
    assert Path(told["path"]).read_bytes() == report_of(sample).read_bytes()


def test_a_place_that_cannot_be_written_is_named(sample: ProjectFolder, asked: AskResult, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    options = ReportOptions(tmp_path / "file" / "report.html")
    with pytest.raises(ConfigurationError, match="cannot be written") as raised:
        write_report(*sample.open(), asked, options)
    assert "--output" in raised.value.hint
    assert json.dumps(raised.value.what)
