"""What people read, word for word, in both languages: answers as Markdown, and the report's prose.

Where a change of words is meant, `UPDATE_WORDS=1 pytest tests/test_words.py` writes them anew, to be read in the diff.
"""

import os
import re
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest
from playwright.sync_api import Browser

from cinelake.ask.sentences import Language
from cinelake.sample import write_sample
from projects import DATE, ProjectFolder
from test_report import opened

LANGUAGES = get_args(Language)
WORDS = Path(__file__).parent / "words"
QUESTIONS = sorted(path.name for path in (files("cinelake") / "questions").iterdir() if path.is_dir())
PROSE = "h1, h2, h3, header p, section > p, li, figcaption, caption, summary, nav a"
RUN = re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{8}")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    folder = ProjectFolder(tmp_path_factory.mktemp("words") / "project")
    write_sample(folder.path, films=400, series=90, seed=5)
    folder.write_settings(more="[questions.best-artists]\nleast_votes = 10")
    folder.document("run", "--date", DATE)
    return folder


def assert_as_written(name: str, text: str) -> None:
    path = WORDS / name
    if os.environ.get("UPDATE_WORDS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{name} has other words; see the head of this file"


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_reads_as_it_was_written(sample: ProjectFolder, language: str, question: str) -> None:
    ended = sample.cinelake("ask", question, "--md", "-q", "--lang", language)
    assert ended.returncode == 0, ended.stderr
    assert_as_written(f"{question}.{language}.md", ended.stdout)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_reads_as_it_was_written(
    browser: Browser, sample: ProjectFolder, tmp_path: Path, language: str
) -> None:
    sample.document("report", "--lang", language, "--output", str(tmp_path / "report.html"))
    page, _, _ = opened(browser, tmp_path / "report.html")
    texts = page.locator(PROSE).evaluate_all("all => all.map(each => each.textContent.replace(/\\s+/g, ' ').trim())")
    assert_as_written(f"report.{language}.txt", RUN.sub("RUN", "".join(f"{text}\n" for text in texts)))
