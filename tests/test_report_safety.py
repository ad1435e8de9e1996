"""The page lets nothing be fetched and nothing run but its own script, even where a chart had a hole."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from projects import ProjectFolder
from tables import make_all
from test_report import opened, report_of


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    folder = ProjectFolder(tmp_path_factory.mktemp("safety") / "project")
    folder.write_small()
    make_all(folder)
    folder.document("report")
    return folder


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A server's URL, and what it was asked for."""
    paths: list[str] = []

    class Recording(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Recording)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", paths
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def holed(folder: ProjectFolder, tmp_path: Path, url: str, *, policy: bool) -> Path:
    """The report with a drawing in it that fetches and runs what it can."""
    text = report_of(folder).read_text(encoding="utf-8")
    evil = (
        f'<svg width="9" height="9"><rect width="9" height="9" fill="url({url}/fill.svg#a)"/>'
        f'<image href="{url}/image.png" width="9" height="9"/>'
        f'<rect width="9" height="9" style="mask-image:url({url}/mask.svg)"/></svg>'
        f'<script>document.title = "run"</script><img src="{url}/x.png" onerror="document.title = \'run\'">'
        f'<script src="{url}/script.js"></script><link rel="stylesheet" href="{url}/style.css">'
    )
    meta = next(line for line in text.splitlines() if "Content-Security-Policy" in line)
    path = tmp_path / "holed.html"
    path.write_text(
        (text if policy else text.replace(meta, "")).replace("<main>", f"<main>{evil}", 1), encoding="utf-8"
    )
    return path


def test_the_page_itself_lets_nothing_be_fetched_or_run(
    browser: Browser, reported: ProjectFolder, tmp_path: Path, asked: tuple[str, list[str]]
) -> None:
    url, paths = asked
    page, _, _ = opened(browser, holed(reported, tmp_path, url, policy=True))
    assert paths == []
    assert page.title() != "run"
    page, _, _ = opened(browser, holed(reported, tmp_path, url, policy=False))
    assert {"/fill.svg", "/image.png", "/mask.svg", "/script.js", "/style.css"} <= {*paths}
    assert page.title() == "run"


def test_its_own_script_still_sorts_a_table(browser: Browser, reported: ProjectFolder) -> None:
    page, requests, complaints = opened(browser, report_of(reported))
    assert (requests, complaints) == ([], [])
    table = page.locator("#question-films-vs-series table.sortable:has(tbody tr:nth-child(2))").first
    heading = table.locator("th").first
    for order in ("ascending", "descending"):
        heading.locator("button").click()
        assert heading.get_attribute("aria-sort") == order
        shown = table.locator("tbody tr td:first-child").all_inner_texts()
        assert shown == sorted(shown, reverse=order == "descending")
