"""The header of a model: what it says is read, and what it says wrongly is told with its file and line."""

from decimal import Decimal
from pathlib import Path

import pytest

from cinelake import ConfigurationError
from cinelake.build.models import Model, ModelColumn, Reference, load_models, shipped_models

MINE = "sql/refined/mine.sql"
SELECT = "SELECT kind, COUNT(*) AS titles FROM trusted.titles GROUP BY kind"


def model_of(tmp_path: Path, *header: str, select: str = SELECT, file: str = MINE) -> Model:
    """The project's one model, as it is read."""
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text("\n".join([*header, select]), encoding="utf-8")
    [model] = [model for model in load_models(tmp_path) if model.query.said_in == file]
    return model


def test_a_header_is_read_whole(tmp_path: Path) -> None:
    model = model_of(
        tmp_path,
        "-- One row a kind:",
        "-- films and series.",
        "--",
        "-- grain: kind, titles",
        "-- column: kind VARCHAR, required, one of film/series: what: the titles are",
        "-- column: titles BIGINT, at least 0: how many",
        "-- column: share DECIMAL(4, 2), 0 to 99.5: of all",
        "-- column: names VARCHAR[]: theirs",
        "-- reference: kind,titles to trusted.titles",
    )
    assert (model.layer, model.table, model.origin) == ("Refined", "mine", "")
    assert model.title == "One row a kind: films and series."
    assert model.grain == ("kind", "titles")
    assert model.columns == (
        ModelColumn("kind", "VARCHAR", "what: the titles are", required=True, values=("film", "series")),
        ModelColumn("titles", "BIGINT", "how many", minimum=Decimal(0)),
        ModelColumn("share", "DECIMAL(4,2)", "of all", minimum=Decimal(0), maximum=Decimal("99.5")),
        ModelColumn("names", "VARCHAR[]", "theirs"),
    )
    assert model.references == (Reference(("kind", "titles"), "trusted.titles"),)


def test_a_comment_below_the_header_is_no_part_of_the_title(tmp_path: Path) -> None:
    model = model_of(tmp_path, "-- One row a kind.", select=f"WITH a AS (\n-- Just one.\nSELECT 1 AS b)\n{SELECT}")
    assert model.title == "One row a kind."


def test_every_shipped_table_promises_all_of_its_columns() -> None:
    for model in shipped_models():
        assert model.columns, model.query.name
        assert {*model.grain, *(name for each in model.references for name in each.columns)} <= {
            column.name for column in model.columns
        }


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("column: kind", "'kind' promises no column"),
        ("column: kind varchar: what it is", "'kind varchar: what it is' promises no column"),
        ("column: kind VARCHAR required: what it is", "promises no column"),
        ("column: kind VARCHAR, required", "promises no column"),
        ("column: kind VARCHAR, unique: what it is", "'unique' is no promise about a column"),
        ("column: titles BIGINT, 0 to many: how many", "'0 to many' is no promise about a column"),
        ("column: titles BIGINT, at least 1.2.3: how many", "'at least 1.2.3' is no promise about a column"),
        ("column: titles BIGINT, 10 to 1: how many", "no number lies from 10 to 1"),
        ("column: kind VARCHAR, 0 to 10: what it is", "kind is VARCHAR, and only numbers have a range"),
        ("column: sizes BIGINT[], at least 0: theirs", "only numbers have a range"),
        ("colum: kind VARCHAR: what it is", "'colum: kind VARCHAR: what it is' promises nothing"),
        ("References: kind to trusted.titles", "promises nothing"),
        ("grain: kind,", "'kind,' is no grain"),
        ("reference: kind in trusted.titles", "'kind in trusted.titles' is no reference"),
        ("reference: kind to titles", "'kind to titles' is no reference"),
        ("origin: Local", "a table of refined has no origin of its own"),
    ],
)
def test_a_wrong_line_is_told_with_file_and_number(tmp_path: Path, line: str, what: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        model_of(tmp_path, "-- One row a kind.", "", f"-- {line}")
    assert raised.value.what.startswith(f"{MINE}, line 3: ")
    assert what in raised.value.what
    assert raised.value.hint


def test_a_column_is_promised_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"{MINE}, line 3: kind is promised twice"):
        model_of(tmp_path, "-- One row a kind.", *["-- column: kind VARCHAR: what it is"] * 2)


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ([], "does not say what one row is"),
        (["-- grain: kind"], "does not say what one row is"),
        (["-- One row a kind."], "does not say where the data came from"),
        (["-- One row a kind.", "-- origin: My files"], "line 2: 'My files' is no single name of an origin"),
        (["-- One row a kind.", "-- origin: Local", "-- origin: TMDB"], "no single name of an origin"),
    ],
)
def test_a_header_that_lacks_what_it_must_say_is_told(tmp_path: Path, header: list[str], what: str) -> None:
    with pytest.raises(ConfigurationError, match=what) as raised:
        model_of(tmp_path, *header, file="sql/trusted/mine.sql")
    assert raised.value.what.startswith("sql/trusted/mine.sql")


def test_a_reference_to_no_table_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"{MINE} refers to refined.titles, which is no table") as raised:
        model_of(tmp_path, "-- One row a kind.", "-- reference: kind to refined.titles")
    assert "trusted.titles" in raised.value.hint


def test_a_model_that_reads_no_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=rf"{MINE}, line \d reads refined.titles, which is no table"):
        model_of(tmp_path, "-- One row a kind.", select="SELECT kind FROM refined.titles")


def test_sql_that_cannot_be_parsed_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"{MINE}, line 3: "):
        model_of(tmp_path, "-- One row a kind.", select="SELECT kind\nFROM GROUP BY kind")


def test_a_model_of_the_project_runs_after_what_it_reads(tmp_path: Path) -> None:
    model = model_of(tmp_path, "-- One row a genre.", select="SELECT genre FROM refined.dim_genre")
    names = [each.query.name for each in load_models(tmp_path)]
    assert names.index(model.query.name) > names.index("refined.dim_genre")
    assert set(names) == {"refined.mine", *(each.query.name for each in shipped_models())}


def test_a_model_of_the_project_replaces_the_shipped_one_of_its_name(tmp_path: Path) -> None:
    model_of(tmp_path, "-- One row a genre, mine.", select="SELECT 'a' AS genre", file="sql/refined/dim_genre.sql")
    models = {each.query.name: each for each in load_models(tmp_path)}
    assert len(models) == len(shipped_models())
    assert models["refined.dim_genre"].title == "One row a genre, mine."


@pytest.mark.parametrize("file", ["sql/mine.sql", "sql/Refined/mine.sql", "sql/refine/mine.sql"])
def test_a_model_in_no_layer_is_told_and_never_passed_over(tmp_path: Path, file: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{file} is in no layer$") as raised:
        model_of(tmp_path, "-- One row a kind.", file=file)
    assert raised.value.hint == "move it into sql/trusted or sql/refined"


@pytest.mark.parametrize("name", ["Mine", "my-table", "2nd", "mine.v2"])
def test_a_bad_name_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"sql/refined/{name}.sql: that is no name for a table"):
        model_of(tmp_path, "-- One row a kind.", file=f"sql/refined/{name}.sql")


def test_a_model_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    path = tmp_path / MINE
    path.parent.mkdir(parents=True)
    path.write_bytes("-- Uma linha por gênero.\nSELECT 1 AS a".encode("latin-1"))
    with pytest.raises(ConfigurationError, match=f"{MINE} is not UTF-8 text"):
        load_models(tmp_path)


def test_other_files_beside_the_models_are_left_alone(tmp_path: Path) -> None:
    model_of(tmp_path, "-- One row a kind.")
    tmp_path.joinpath("sql/refined/notes.md").write_text("words")
    tmp_path.joinpath("sql/.trash").mkdir()
    tmp_path.joinpath("sql/.trash/old.sql").write_text("words")
    assert len(load_models(tmp_path)) == len(shipped_models()) + 1
