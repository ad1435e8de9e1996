"""Whatever was done to the lake, the sources or the answers behind cinelake's back is found and named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cinelake import AskOptions, Check, VerifyOptions, VerifyResult, ask_questions, verify_lake
from cinelake.config import parse_date
from projects import DATE, SMALL_MOVIES, ProjectFolder
from tables import files_of, film, make_all

MOVIES = "Raw/Local/CSV/Movies/2022/05/02/movies.csv"


@pytest.fixture
def answered(folder: ProjectFolder) -> ProjectFolder:
    """A project whose questions were answered."""
    make_all(folder)
    ask_questions(*folder.open())
    return folder


def verify(folder: ProjectFolder, date: str | None = None) -> VerifyResult:
    return verify_lake(*folder.open(), VerifyOptions(parse_date(date) if date else None))


def failed(folder: ProjectFolder) -> dict[str, str]:
    """What fails, with its detail, by name."""
    return {check.name: check.detail for check in verify(folder).checks if not check.ok}


def object_under(folder: ProjectFolder, prefix: str) -> Path:
    """The one object below a prefix of the lake."""
    [key] = [key for key in files_of(folder) if key.startswith(prefix)]
    return folder.path / "lake" / key


def change_one_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def change_manifest(folder: ProjectFolder, stage: str, change: Callable[[dict[str, Any]], None]) -> None:
    path = object_under(folder, f"_manifests/{stage}/")
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))


# Objects


@pytest.mark.parametrize(
    ("damage", "said"),
    [(Path.unlink, "is missing"), (change_one_byte, "was changed: its SHA-256 is"), (truncate, "bytes, not the")],
    ids=["missing", "one byte", "truncated"],
)
@pytest.mark.parametrize(
    "prefix", ["Raw/TMDB/JSON/Movies/", "Trusted/Local/Parquet/titles/", "Refined/Parquet/fact_title/"]
)
def test_a_damaged_object_is_named(
    answered: ProjectFolder, prefix: str, damage: Callable[[Path], None], said: str
) -> None:
    path = object_under(answered, prefix)
    damage(path)
    name = f"object {path.relative_to(answered.path / 'lake')}"
    found = failed(answered)
    assert said in found[name]
    assert [other for other in found if other.startswith("object ")] == [name]


@pytest.mark.parametrize("damage", [Path.unlink, change_one_byte, truncate])
def test_a_damaged_source_copy_in_raw_is_named(answered: ProjectFolder, damage: Callable[[Path], None]) -> None:
    damage(answered.path / "lake" / MOVIES)
    assert list(failed(answered)) == [f"object {MOVIES}"]


def test_every_damaged_object_is_named(answered: ProjectFolder) -> None:
    paths = [answered.path / "lake" / key for key in files_of(answered) if key.startswith(("Raw/", "Refined/"))]
    for path in paths:
        change_one_byte(path)
    named = {name for name in failed(answered) if name.startswith("object ")}
    assert named == {f"object {path.relative_to(answered.path / 'lake')}" for path in paths}


def test_a_replaced_object_that_was_kept_is_verified_too(answered: ProjectFolder) -> None:
    answered.write_csv("movies.csv", [*SMALL_MOVIES, film("tt99000004", genero="Drama")])
    make_all(answered)
    ask_questions(*answered.open())
    kept = object_under(answered, f"_replaced/{MOVIES}")
    assert failed(answered) == {}
    change_one_byte(kept)
    assert list(failed(answered)) == [f"object {kept.relative_to(answered.path / 'lake')}"]


# Manifests


@pytest.mark.parametrize("stage", ["land", "enrich", "build"])
def test_lost_manifests_are_found(answered: ProjectFolder, stage: str) -> None:
    shutil.rmtree(answered.path / "lake/_manifests" / stage)
    assert failed(answered)


@pytest.mark.parametrize("stage", ["land", "enrich", "build", "ask"])
def test_a_manifest_that_cannot_be_read_is_named(answered: ProjectFolder, stage: str) -> None:
    path = object_under(answered, f"_manifests/{stage}/")
    path.write_text('{"stage": 1}')
    key = str(path.relative_to(answered.path / "lake"))
    assert any(key in detail for detail in failed(answered).values())


def test_a_manifest_that_lacks_what_its_stage_tells_is_found(answered: ProjectFolder) -> None:
    change_manifest(answered, "build", lambda told: told["detail"].clear())
    assert failed(answered)


def test_lost_records_of_the_answers_are_found(answered: ProjectFolder) -> None:
    assert "2 answers are recorded" in [check.detail for check in verify(answered).checks if check.name == "answers"]
    shutil.rmtree(answered.path / "lake/_manifests/ask")
    assert failed(answered) == {"answers": "0 answers are recorded: run cinelake ask"}
    ask_questions(*answered.open())
    assert failed(answered) == {}


def test_a_row_count_that_is_not_the_tables_is_found(answered: ProjectFolder) -> None:
    def change(told: dict[str, Any]) -> None:
        told["detail"]["tables"][0]["rows"] += 1
        told["detail"]["sources"][0]["rows_in"] += 1

    change_manifest(answered, "build", change)
    assert {name.partition(" ")[0] for name in failed(answered)} == {"rows"}
    assert failed(answered)["rows of Movies"] == "5 in, 4 out, 0 rejected"


# Sources


def test_a_source_that_changed_is_named(answered: ProjectFolder) -> None:
    change_one_byte(answered.path / "movies.csv")
    assert failed(answered) == {"source movies.csv": f"changed since it was landed as {MOVIES}"}


def test_a_source_that_is_gone_is_named(answered: ProjectFolder) -> None:
    answered.path.joinpath("series.csv").unlink()
    [(name, detail)] = failed(answered).items()
    assert (name, "No such file" in detail) == ("source series.csv", True)


def test_a_source_that_was_never_landed_is_named(answered: ProjectFolder) -> None:
    answered.write_csv("more.csv", [])
    answered.write_settings(more='[[source]]\ndataset = "Others"\npath = "more.csv"')
    assert failed(answered) == {"source more.csv": "was not landed: run cinelake land"}


# Answers


def test_an_answer_with_other_figures_is_named(answered: ProjectFolder) -> None:
    def change(told: dict[str, Any]) -> None:
        told["detail"]["answers"]["films-vs-series"]["sha256"] = "0" * 64

    change_manifest(answered, "ask", change)
    [(name, detail)] = failed(answered).items()
    assert (name, "other figures" in detail) == ("answer films-vs-series", True)


def test_an_answer_to_other_settings_is_named(answered: ProjectFolder) -> None:
    answered.write_settings(analysis='genres = ["Comedy"]')
    found = failed(answered)
    assert list(found) == ["answer budget-and-return", "answer films-vs-series"]
    assert all("other parameters" in detail for detail in found.values())


def test_answers_to_settings_that_came_back_hold_after_they_were_asked_again(answered: ProjectFolder) -> None:
    answered.write_settings(analysis='genres = ["Comedy"]')
    assert ask_questions(*answered.open()).status == "done"
    assert failed(answered) == {}
    answered.write_settings()
    assert ask_questions(*answered.open(), AskOptions(("films-vs-series",))).status == "done"
    assert list(failed(answered)) == ["answer budget-and-return"]
    assert ask_questions(*answered.open()).status == "done"
    assert failed(answered) == {}


def test_an_answer_told_as_its_newest_record_is_not_recorded_again(answered: ProjectFolder) -> None:
    answered.write_settings(analysis='genres = ["Comedy"]')
    for name in ("films-vs-series", "budget-and-return"):
        newest = ask_questions(*answered.open(), AskOptions((name,)))
    before = files_of(answered)
    again = ask_questions(*answered.open())
    assert (again.status, again.manifest) == ("unchanged", newest.manifest)
    assert files_of(answered) == before


def test_an_answer_whose_question_is_gone_is_named(answered: ProjectFolder) -> None:
    def change(told: dict[str, Any]) -> None:
        told["detail"]["answers"]["gone"] = told["detail"]["answers"]["films-vs-series"]

    change_manifest(answered, "ask", change)
    assert list(failed(answered)) == ["answer gone"]


def test_an_answer_with_a_day_as_its_parameter_can_be_proved(answered: ProjectFolder) -> None:
    path = answered.path / "questions/since"
    path.mkdir(parents=True)
    words = "".join(f"[{name}]\nen = 'x'\npt = 'x'\n" for name in ("title", "prose", "sentence"))
    path.joinpath("question.toml").write_text(f"{words}[parameters]\nsince = 2001-01-31\n")
    path.joinpath("answer.sql").write_text("SELECT YEAR(CAST($since AS DATE)) AS year")
    [answer] = ask_questions(*answered.open(), AskOptions(("since",))).answers
    assert answer.rows == ({"year": 2001},)
    assert failed(answered) == {}


# The whole


def test_a_lake_that_is_not_there_is_the_one_failure(folder: ProjectFolder) -> None:
    [check] = verify(folder).checks
    assert (check.name, check.ok) == ("lake", False)
    assert not folder.path.joinpath("lake").exists()


def test_an_untouched_lake_holds(answered: ProjectFolder) -> None:
    result = verify(answered)
    assert (result.status, failed(answered)) == ("done", {})
    kinds = {check.name.partition(" ")[0] for check in result.checks}
    assert kinds == {"lake", "manifests", "object", "foreign", "records", "source", "rows", "answers", "answer"}
    assert all(isinstance(check, Check) and check.detail for check in result.checks)


def test_an_earlier_build_holds_beside_a_later_one(answered: ProjectFolder) -> None:
    answered.write_csv("movies.csv", [*SMALL_MOVIES, film("tt99000004", genero="Drama")])
    make_all(answered, "2022-05-03")
    ask_questions(*answered.open())
    for date in (DATE, "2022-05-03", None):
        assert verify(answered, date).status == "done"


def test_verifying_writes_nothing_to_the_lake(answered: ProjectFolder) -> None:
    before = files_of(answered)
    verify(answered)
    change_one_byte(answered.path / "movies.csv")
    verify(answered)
    assert files_of(answered) == before


def test_the_program_ends_with_0_only_where_all_holds(answered: ProjectFolder) -> None:
    told = answered.document("verify")
    assert (told["stage"], told["status"], {check["ok"] for check in told["checks"]}) == ("verify", "done", {True})
    answered.path.joinpath("lake", MOVIES).unlink()
    ended = answered.cinelake("verify", "--json")
    assert ended.returncode == 1
    told = json.loads(ended.stdout)
    assert told["status"] == "failed"
    assert [check["name"] for check in told["checks"] if not check["ok"]] == [f"object {MOVIES}"]
