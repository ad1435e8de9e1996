"""Long work shows on a terminal what it does, and how far it is; nothing is drawn elsewhere."""

import re
from pathlib import Path

import pytest

from imdb import invented
from imdb import serving as serving_imdb
from projects import DATE, ProjectFolder
from tables import land
from terminals import drawn_on_terminal
from tmdb import TOKEN, TmdbServer, point_at, serving, write_titles

BAR = "━"


def lines_of(drawn: str) -> list[str]:
    """What was drawn, without bars."""
    found = (" ".join(line.replace(BAR, " ").split()) for line in re.split(r"[\r\n]+", drawn))
    return [line for line in found if line]


@pytest.fixture
def asking(folder: ProjectFolder, tmdb: TmdbServer) -> ProjectFolder:
    """The small project, which nothing was done with yet, and which asks TMDB."""
    point_at(folder, tmdb)
    return folder


def counts_of(drawn: str, told: str) -> list[tuple[int, int]]:
    """Each `done of total` that was drawn in a line which begins thus, in turn."""
    found = (re.match(rf"{told} .*?([\d,]+) of ([\d,]+) ", line) for line in lines_of(drawn))
    return [(int(each[1].replace(",", "")), int(each[2].replace(",", ""))) for each in found if each]


def test_each_stage_of_a_run_is_named_and_those_that_count_tell_how_far_they_are(asking: ProjectFolder) -> None:
    drawn = drawn_on_terminal(asking.path, "run", variables={"TMDB_TOKEN": TOKEN})
    lines = lines_of(drawn)
    assert BAR in drawn
    for stage in ("land", "enrich", "build", "ask", "report"):
        assert any(line.startswith(f"{stage} ") for line in lines), stage
    assert any(re.match(r"land sent \d of \d files .* of .*B", line) for line in lines)
    assert any(re.match(r"enrich .* of \d+ titles", line) for line in lines)
    assert any(re.match(r"build .* of 9 tables", line) for line in lines)


def test_a_stage_that_cannot_tell_how_far_it_is_does_not_tell_how_far_another_was(asking: ProjectFolder) -> None:
    lines = lines_of(drawn_on_terminal(asking.path, "run", variables={"TMDB_TOKEN": TOKEN}))
    told = [line for line in lines if line.startswith("ask ")]
    assert told != []
    assert [line for line in told if " of " in line] == []


def test_a_bar_grows_to_its_end_while_titles_are_looked_up(tmp_path: Path) -> None:
    """At 200 requests a second that takes long enough for the bar to be drawn in between."""
    folder = ProjectFolder(tmp_path / "project")
    write_titles(folder, films=400)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server, rate=200)
        land(folder)
        drawn = drawn_on_terminal(folder.path, "enrich", "--date", DATE, variables={"TMDB_TOKEN": TOKEN})
    counts = counts_of(drawn, "enrich")
    assert counts[0][0] < counts[-1][0] == counts[-1][1] == 400
    assert counts == sorted(counts)
    assert len({done for done, _ in counts}) > 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["verify"], r"verify checking objects \d+ of \d+ objects"),
        (["verify", "--deep"], r"verify checking objects \d+ of \d+ objects"),
        (["ls"], "ls listing the lake"),
        (["sql", "FROM dim_genre"], "sql running the query"),
        (["ask"], "ask asking films-vs-series"),
        (["report"], "report drawing the charts"),
    ],
    ids=" ".join,
)
def test_what_reads_the_lake_tells_what_it_does(folder: ProjectFolder, arguments: list[str], told: str) -> None:
    assert folder.cinelake("run").returncode == 0
    assert any(re.match(told, line) for line in lines_of(drawn_on_terminal(folder.path, *arguments)))


def test_a_fetch_tells_the_bytes_of_each_file(folder: ProjectFolder) -> None:
    folder.path.joinpath("movies.csv").unlink()
    folder.path.joinpath("series.csv").unlink()
    invented(titles=300, names=300).write(folder.path / "imdb")
    with serving_imdb(folder.path / "imdb") as server:
        drawn = drawn_on_terminal(folder.path, "fetch", "imdb", "--agree", "--from", server.url)
    assert any(re.match(r"fetch name\.basics\.tsv\.gz .*B of .*B", line) for line in lines_of(drawn))


@pytest.mark.parametrize("arguments", [["run"], ["verify"], ["ls"]], ids=" ".join)
def test_quietly_or_off_a_terminal_nothing_is_drawn(folder: ProjectFolder, arguments: list[str]) -> None:
    assert folder.cinelake("run").returncode == 0
    assert lines_of(drawn_on_terminal(folder.path, *arguments, "-q")) == []
    ended = folder.cinelake(*arguments)
    assert ended.returncode == 0
    assert BAR not in ended.stderr
    assert "\x1b" not in ended.stderr
