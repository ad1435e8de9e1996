"""What the program does in a container before and after a command; here in folders, without a container."""

from pathlib import Path

import pytest

from cinelake.config.project import read_settings
from cinelake.container import bring_in, hand_out, lacks_credentials
from cinelake.errors import AccessError, ConfigurationError

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "docker" / "lake.toml"


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    """The folder of the user, with both files."""
    folder = tmp_path / "input"
    folder.mkdir()
    folder.joinpath("movies.csv").write_text("films")
    folder.joinpath("series.csv").write_text("series")
    return folder


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """An empty volume."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def files_of(folder: Path) -> dict[str, str]:
    """The text of every file."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_volume_becomes_a_project_with_both_files(mounted: Path, volume: Path) -> None:
    mounted.joinpath("notes.txt").write_text("private")
    bring_in(mounted, volume, SHIPPED, {})
    files = files_of(volume)
    assert set(files) == {"lake.toml", "movies.csv", "series.csv"}
    assert (files["movies.csv"], files["series.csv"]) == ("films", "series")


def test_tmdb_is_asked_with_a_token_else_a_snapshot_is_taken_else_nothing(mounted: Path, volume: Path) -> None:
    for name, variables, source in (
        ("movies.csv", {}, "off"),
        ("tmdb_movies.jsonl", {}, "snapshot"),
        ("tmdb_movies.jsonl", {"TMDB_TOKEN": ""}, "snapshot"),
        ("tmdb_movies.jsonl", {"TMDB_TOKEN": "t"}, "api"),
        ("movies.csv", {"TMDB_API_KEY": "k"}, "api"),
    ):
        mounted.joinpath(name).write_text("x")
        bring_in(mounted, volume, SHIPPED, variables)
        assert read_settings(volume).tmdb.source == source
    assert files_of(volume)["tmdb_movies.jsonl"] == "x"


def test_a_file_of_an_earlier_run_that_is_gone_is_told(
    mounted: Path, volume: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bring_in(mounted, volume, SHIPPED, {})
    assert capsys.readouterr().err == ""
    mounted.joinpath("series.csv").unlink()
    bring_in(mounted, volume, SHIPPED, {})
    told = capsys.readouterr().err
    assert told == (
        f"warning: series.csv is not in {mounted} any more: the copy of an earlier run, in {volume}, is taken\n"
    )
    mounted.joinpath("movies.csv").unlink()
    bring_in(mounted, volume, SHIPPED, {})
    assert capsys.readouterr().err == "", "nothing is brought in: the files are kept in the volume"


def test_the_users_own_project_wins_with_all_that_it_leads_to(mounted: Path, volume: Path) -> None:
    own = '[[source]]\ndataset = "Movies"\npath = "parts/*.csv"\n[tmdb]\nsource = "off"\n'
    files = {"lake.toml": own, "parts/1.csv": "1", "parts/2.csv": "2", "questions/q/answer.sql": "q", "sql/a.sql": "a"}
    for name, text in files.items():
        mounted.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        mounted.joinpath(name).write_text(text)
    bring_in(mounted, volume, SHIPPED, {"TMDB_TOKEN": "t"})
    assert files_of(volume) == files


def test_only_what_has_other_bytes_is_copied_again(mounted: Path, volume: Path) -> None:
    bring_in(mounted, volume, SHIPPED, {})
    before = {name: volume.joinpath(name).stat().st_ino for name in files_of(volume)}
    mounted.joinpath("movies.csv").write_text("other")
    bring_in(mounted, volume, SHIPPED, {})
    after = {name: volume.joinpath(name).stat().st_ino for name in files_of(volume)}
    assert {name for name in before if before[name] != after[name]} == {"movies.csv"}
    assert files_of(volume)["movies.csv"] == "other"


def test_what_is_gone_from_the_mounted_folder_stays_in_the_volume(mounted: Path, volume: Path) -> None:
    bring_in(mounted, volume, SHIPPED, {})
    mounted.joinpath("movies.csv").unlink()
    bring_in(mounted, volume, SHIPPED, {})
    assert files_of(volume)["movies.csv"] == "films"


def test_a_path_that_leaves_the_folder_brings_nothing_in(mounted: Path, volume: Path) -> None:
    outside = mounted.parent / "outside.csv"
    outside.write_text("x")
    sources = "".join(f'[[source]]\ndataset = "Movies"\npath = "{path}"\n' for path in ("../outside.csv", outside))
    mounted.joinpath("lake.toml").write_text(sources)
    bring_in(mounted, volume, SHIPPED, {})
    assert set(files_of(volume)) == {"lake.toml"}


def test_a_wrong_project_of_the_user_is_told_as_ever(mounted: Path, volume: Path) -> None:
    mounted.joinpath("lake.toml").write_text('[analysis]\ngenre = ["Drama"]\n')
    with pytest.raises(ConfigurationError, match="did you mean genres"):
        bring_in(mounted, volume, SHIPPED, {})


def test_a_volume_that_cannot_be_written_is_an_error_that_says_what_to_do(mounted: Path, volume: Path) -> None:
    volume.joinpath("movies.csv").mkdir()
    with pytest.raises(AccessError, match=r"cannot be copied to .*movies\.csv.*") as caught:
        bring_in(mounted, volume, SHIPPED, {})
    assert "UID_GID" in caught.value.hint
    assert [path.name for path in volume.iterdir() if path.name.startswith(".")] == []


def test_a_report_is_handed_out_and_one_that_cannot_be_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, folder = tmp_path / "report", tmp_path / "mounted"
    report.mkdir()
    report.joinpath("report.html").write_text("page")
    hand_out(report, folder)
    assert not folder.exists()
    folder.mkdir()
    hand_out(report, folder)
    assert files_of(folder) == {"report.html": "page"}
    assert capsys.readouterr().err == ""
    folder.joinpath("report.html").unlink()
    folder.joinpath("report.html").mkdir()
    hand_out(report, folder)
    assert "warning: the report stays in the volume" in capsys.readouterr().err


# Where there are no credentials


@pytest.mark.parametrize(
    ("variables", "lacking"),
    [
        ({"CINELAKE_LAKE": "s3://lake-of-mine"}, True),
        ({"CINELAKE_LAKE": "s3://lake-of-mine", "AWS_ACCESS_KEY_ID": ""}, True),
        ({"CINELAKE_LAKE": "s3://lake-of-mine", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, False),
        ({"CINELAKE_LAKE": "s3://lake-of-mine", "AWS_PROFILE": "misspelt"}, False),
        ({"CINELAKE_LAKE": "file:lake"}, False),
        ({}, False),
    ],
)
def test_a_bucket_takes_credentials(mounted: Path, volume: Path, variables: dict[str, str], *, lacking: bool) -> None:
    bring_in(mounted, volume, SHIPPED, {})
    assert lacks_credentials(volume, variables) is lacking


def test_credentials_may_come_from_where_boto3_finds_them(
    mounted: Path, volume: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_in(mounted, volume, SHIPPED, {})
    volume.joinpath("credentials").write_text("[default]\naws_access_key_id = a\naws_secret_access_key = b\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(volume / "credentials"))
    assert not lacks_credentials(volume, {"CINELAKE_LAKE": "s3://lake-of-mine"})


def test_a_bucket_in_lake_toml_takes_them_too(mounted: Path, volume: Path) -> None:
    mounted.joinpath("lake.toml").write_text('[lake]\nuri = "s3://lake-of-mine"\n')
    bring_in(mounted, volume, SHIPPED, {})
    assert lacks_credentials(volume, {})
