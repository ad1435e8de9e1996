"""What a model promises of its table: a build that breaks one promise says so, and publishes nothing."""

from pathlib import Path

import pytest

from cinelake import BuildOptions, CinelakeError, DataError, build_tables
from projects import DATE, ProjectFolder
from tables import build, files_of, land, rows_of

KIND = "-- column: kind VARCHAR: what the titles are"
TITLES = "-- column: titles BIGINT: how many"
SELECT = "SELECT kind, COUNT(*) AS titles FROM trusted.titles GROUP BY kind"
"""film 3, series 2."""
MINE = "sql/refined/mine.sql"
NOTHING = "nothing was published"


@pytest.fixture
def folder(folder: ProjectFolder) -> ProjectFolder:
    """A project whose files have landed."""
    land(folder)
    return folder


def write_model(folder: ProjectFolder, *header: str, select: str = SELECT) -> None:
    path = folder.path / MINE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["-- One row a kind.", *header, select]), encoding="utf-8")


def test_promises_that_are_kept_are_published(folder: ProjectFolder) -> None:
    write_model(
        folder,
        "-- grain: kind",
        "-- column: kind VARCHAR, required, one of film/series: what the titles are",
        "-- column: titles BIGINT, required, 2 to 3: how many",
        "-- reference: kind to trusted.titles",
    )
    result = build(folder)
    assert [tuple(row.values()) for row in rows_of(folder, result, "refined.mine")] == [("film", 3), ("series", 2)]


@pytest.mark.parametrize(
    ("header", "select", "what"),
    [
        (
            [KIND, "-- column: titles INTEGER: how many"],
            SELECT,
            "refined.mine has titles BIGINT; promised were kind VARCHAR, titles INTEGER",
        ),
        (
            [KIND, TITLES, "-- column: share DOUBLE: of all"],
            SELECT,
            "refined.mine has no share; promised were kind VARCHAR, titles BIGINT, share DOUBLE",
        ),
        ([KIND], SELECT, "refined.mine has titles BIGINT; promised were kind VARCHAR"),
        (
            [TITLES, KIND],
            SELECT,
            "refined.mine has its columns in another order; promised were titles BIGINT, kind VARCHAR",
        ),
        (
            ["-- column: kind VARCHAR, required: what the titles are", TITLES],
            "SELECT NULLIF(kind, 'film') AS kind, COUNT(*) AS titles FROM trusted.titles GROUP BY 1",
            "refined.mine: kind is never unknown, but not in 1 row, such as kind = None",
        ),
        (
            ["-- grain: kind", KIND, "-- column: titles BIGINT, 0 to 1: how many"],
            SELECT + " HAVING kind = 'film'",
            "refined.mine: titles lies from 0 to 1, but not in 1 row, such as kind = film, titles = 3",
        ),
        (
            ["-- grain: kind", KIND, "-- column: titles BIGINT, 3 to 9: how many"],
            SELECT,
            "refined.mine: titles lies from 3 to 9, but not in 1 row, such as kind = series, titles = 2",
        ),
        (
            ["-- column: share DOUBLE, at least 0: of all"],
            "SELECT CAST('nan' AS DOUBLE) AS share",
            "refined.mine: share is at least 0, but not in 1 row, such as share = nan",
        ),
        (
            ["-- grain: kind, imdb_id"],
            "SELECT titles.kind, titles.imdb_id FROM trusted.titles CROSS JOIN (SELECT 1 UNION ALL SELECT 2) AS twice "
            "WHERE kind = 'film'",
            "refined.mine has 2 rows for film, tt99000",
        ),
        (
            ["-- reference: kind, imdb_id to trusted.titles"],
            "SELECT 'series' AS kind, imdb_id FROM trusted.titles WHERE kind = 'film'",
            "refined.mine has kind = series, imdb_id = tt99000",
        ),
        (
            [KIND, "-- column: titles BIGINT, at least 9: how many"],
            SELECT,
            "refined.mine: titles is at least 9, but not in 2 rows, such as titles = ",
        ),
        (
            ["-- column: kind VARCHAR, one of film/short: what the titles are", TITLES],
            SELECT,
            "refined.mine: kind is one of film, short, but not in 1 row, such as kind = series",
        ),
        (
            ["-- grain: kind"],
            "SELECT kind FROM trusted.titles WHERE kind = 'film'",
            "refined.mine has 3 rows for film; one was promised",
        ),
        (
            ["-- reference: genre to refined.dim_genre"],
            "SELECT 'None' AS genre, NULL AS kind",
            "refined.mine has genre = None, which refined.dim_genre does not have",
        ),
        (["-- grain: sort"], SELECT, "refined.mine has no column sort, which a grain of refined.mine names"),
        (
            ["-- reference: titles to trusted.titles"],
            SELECT,
            "trusted.titles has no column titles, which a reference of refined.mine names",
        ),
        ([], "SELECT sort FROM trusted.titles", "refined.mine cannot be read: "),
    ],
    ids=[
        "type", "missing", "further", "order", "unknown", "range", "below a range", "no number", "grain of two",
        "reference of two", "least", "one of", "grain", "reference",
        "grain of no column", "reference to no column", "sql",
    ],
)  # fmt: skip
def test_a_broken_promise_is_told_and_nothing_is_published(
    folder: ProjectFolder, header: list[str], select: str, what: str
) -> None:
    write_model(folder, *header, select=select)
    before = files_of(folder)
    ended = folder.cinelake("build", "--date", DATE, "-q")
    assert (ended.returncode, ended.stdout) == (3, "")
    told, hint = ended.stderr.splitlines()
    assert told.startswith(f"error: {what}")
    assert hint.endswith(f"mend {MINE}; {NOTHING}")
    assert files_of(folder) == before


def test_an_unknown_keeps_every_promise_but_that_to_be_known(folder: ProjectFolder) -> None:
    write_model(
        folder,
        "-- column: kind VARCHAR, one of film: what",
        "-- column: votes BIGINT, at least 1: how many",
        "-- reference: kind, votes to trusted.titles",
        select="SELECT CAST(NULL AS VARCHAR) AS kind, CAST(NULL AS BIGINT) AS votes",
    )
    assert build(folder).status == "done"


def test_a_changed_promise_is_another_build(folder: ProjectFolder) -> None:
    write_model(folder)
    build(folder)
    assert build(folder).status == "unchanged"
    write_model(folder, "-- grain: kind")
    assert build_tables(*folder.open(), BuildOptions(dry_run=True)).status == "planned"


@pytest.mark.parametrize(
    "select",
    ["SELECT * FROM read_csv('movies.csv')", "SELECT content FROM read_text('/etc/hostname')"],
)
def test_a_model_reads_no_file_of_its_own(folder: ProjectFolder, select: str) -> None:
    """What it read would be part of a table, and no part of what decides whether to build."""
    write_model(folder, select=select)
    with pytest.raises(CinelakeError, match=r"disabled by configuration|file system operations are disabled"):
        build(folder)
    assert not folder.path.joinpath("lake/_manifests/build").exists()


def test_a_model_that_loses_rows_is_found(folder: ProjectFolder) -> None:
    path = folder.path / "sql/trusted/credits.sql"
    path.parent.mkdir(parents=True)
    shipped = Path(__file__).parents[1] / "src/cinelake/sql/trusted/credits.sql"
    path.write_text(f"{shipped.read_text()}WHERE kind = 'series'\n")
    with pytest.raises(DataError, match=r"Movies: \d+ rows were read, but 0 are in trusted.credits") as raised:
        build(folder)
    assert "of which one lost or multiplied rows" in raised.value.hint
