"""The docs as a site: built without a warning, with a reference that is current, and no link that leads nowhere."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = ["-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-d", str(folder / "trees"), "-c", "docs", "."]
    ended = subprocess.run(
        [sys.executable, *command, str(folder / "html")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "sphinx -q -W --keep-going -b html -c docs . docs/_site" in ROOT.joinpath("Makefile").read_text()
    return folder / "html"


class Page(HTMLParser):
    """The links of a page, and the names that links lead to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.names: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.names.update(name for name in (told.get("id"), told.get("name")) if name)
        self.links += [link for link in (told.get("href"), told.get("src")) if link]


def test_no_link_leads_nowhere(site: Path) -> None:
    pages = {path: Page(path) for path in site.rglob("*.html")}
    assert {"index.html", "README.html", "docs/commands.html", "docs/pt/index.html"} <= {
        str(path.relative_to(site)) for path in pages
    }
    dead, followed = [], 0
    for path, page in pages.items():
        for link in page.links:
            there = urlsplit(link)
            if there.scheme or there.netloc:
                continue
            followed += 1
            target = (path.parent / unquote(there.path)).resolve() if there.path else path
            is_dead = not target.is_file()
            if not is_dead and there.fragment and target in pages:
                is_dead = unquote(there.fragment) not in pages[target].names
            if is_dead:
                dead.append(f"{path.relative_to(site)}: {link}")
    assert dead == []
    assert followed > 500


def test_each_page_says_its_language(site: Path) -> None:
    for path in site.joinpath("docs").rglob("*.html"):
        language = "pt-BR" if path.is_relative_to(site / "docs" / "pt") else "en"
        assert f'lang="{language}"' in path.read_text(encoding="utf-8")[:200], path
    assert 'lang="pt-BR"' in site.joinpath("README.pt-BR.html").read_text(encoding="utf-8")[:200]


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    """Reading the docs tells nobody."""
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(?:https?:)?//[^"]+"', text) == [], path


def test_the_reference_is_current() -> None:
    ended = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
