"""From two files to two answers, on every kind of store."""

import shutil
from pathlib import Path

import pytest

from projects import DATE, Place, ProjectFolder
from refusals import files_below


def test_a_run_lands_both_files_whole_at_their_keys(folder: ProjectFolder, place: Place) -> None:
    folder.document("run", "--date", DATE, place=place)
    objects = place.objects()
    assert objects["Raw/Local/CSV/Movies/2022/05/02/movies.csv"] == folder.path.joinpath("movies.csv").read_bytes()
    assert objects["Raw/Local/CSV/Series/2022/05/02/series.csv"] == folder.path.joinpath("series.csv").read_bytes()


def test_a_second_run_uploads_nothing_and_says_so(folder: ProjectFolder, place: Place) -> None:
    folder.document("run", "--date", DATE, place=place)
    before = place.objects()
    again = folder.document("run", "--date", DATE, place=place)
    assert [stage["status"] for stage in again["stages"]] == ["unchanged"] * 5
    assert place.objects() == before
    assert "Nothing was uploaded" in folder.cinelake("run", "--date", DATE, place=place).stdout


def test_a_run_ends_with_both_answers_and_the_path_of_the_report(folder: ProjectFolder) -> None:
    for _ in range(2):
        lines = folder.cinelake("run", "--date", DATE).stdout.splitlines()
        assert lines[-1] == f"Report: {folder.path / 'report/report.html'}"
        assert len([line for line in lines[-8:] if line.endswith("?")]) == 2


def test_a_dry_run_says_when_the_later_stages_can_be_planned(folder: ProjectFolder) -> None:
    said = "The later stages can be planned only once the files have landed."
    assert said in folder.cinelake("run", "--dry-run").stdout
    assert not folder.path.joinpath("lake").exists()
    folder.document("land")
    told = folder.cinelake("run", "--dry-run").stdout
    assert said not in told
    assert "3 records to land" in told


def test_a_folder_of_any_name_serves_as_a_project(tmp_path: Path) -> None:
    folder = ProjectFolder(tmp_path / "Ação [x] *é? 'q'")
    folder.write_small()
    folder.document("run", "--date", DATE)
    assert folder.cinelake("verify").returncode == 0


def test_verify_names_an_object_of_which_one_byte_changed(folder: ProjectFolder, place: Place) -> None:
    folder.document("run", "--date", DATE, place=place)
    assert folder.cinelake("verify", place=place).returncode == 0
    key = "Raw/Local/CSV/Movies/2022/05/02/movies.csv"
    data = bytearray(place.objects()[key])
    data[-5] ^= 1
    place.overwrite(key, bytes(data))
    ended = folder.cinelake("verify", place=place)
    assert ended.returncode == 1
    assert f"FAIL  object {key}: was changed" in ended.stdout


@pytest.mark.parametrize("command", ["run", "land", "enrich", "build"])
def test_a_dry_run_leaves_nothing_in_the_project_nor_beside_it(
    folder: ProjectFolder, place: Place, command: str, tmp_path: Path
) -> None:
    assert folder.cinelake("land", "--date", DATE, place=place).returncode == 0
    shutil.rmtree(folder.path / ".cinelake", ignore_errors=True)
    tmp_path.joinpath("temporary").mkdir()
    before = files_below(tmp_path)
    ended = folder.cinelake(
        command, "--date", DATE, "--dry-run", place=place, variables={"TMPDIR": str(tmp_path / "temporary")}
    )
    assert ended.returncode == 0, ended.stderr
    assert files_below(tmp_path) == before
