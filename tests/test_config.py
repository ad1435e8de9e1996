"""lake.toml and --date: what is refused and in which words, who wins, and which day it is."""

import json
import tempfile
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinelake import ConfigurationError, ExitCode, InitOptions, Project, make_project
from cinelake.cli.app import app
from cinelake.cli.failures import exit_code_of
from cinelake.config import BucketLake, parse_date
from cinelake.config.settings import MODELLED
from cinelake.engine.contract import CONTRACTS
from projects import ProjectFolder

SECRET = "s3cr3t/" + "Q" * 33


def load(directory: Path, text: str | bytes = "", *, env: str | bytes = "", **variables: str) -> Project:
    """The project of these two files, with the environment `variables` and `lake_uri` apart."""
    directory.joinpath("lake.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    directory.joinpath(".env").write_bytes(env.encode() if isinstance(env, str) else env)
    return Project.load(directory, lake_uri=variables.pop("lake_uri", None), variables=variables)


def refusal(directory: Path, text: str | bytes = "", **more: str) -> ConfigurationError:
    """How this lake.toml is refused: always with exit code 2, words and a hint."""
    with pytest.raises(ConfigurationError) as raised:
        load(directory, text, **more)
    assert int(raised.value.exit_code) == 2
    assert raised.value.what
    assert raised.value.hint
    return raised.value


# lake.toml that is refused


def test_a_folder_without_lake_toml_names_the_folder_and_the_option(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Project.load(tmp_path, variables={})
    assert str(tmp_path) in raised.value.what
    assert "--project" in raised.value.hint


def test_malformed_toml_names_the_line(tmp_path: Path) -> None:
    error = refusal(tmp_path, '[lake]\nuri = "file:lake"\nregion = us-east-1\n')
    assert "lake.toml" in error.what
    assert "line 3" in error.what


def test_lake_toml_that_is_not_utf8_says_so(tmp_path: Path) -> None:
    assert "UTF-8" in refusal(tmp_path, '[lake]\nuri = "file:são"\n'.encode("latin-1")).what


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[analysis]\ngenrs = []\n", ["analysis.genrs", "did you mean genres?"]),
        ("[lake]\nregoin = 'x'\n", ["lake.regoin", "did you mean region?"]),
        ("[[source]]\ndataset = 'Movies'\npath = 'm'\ndelimeter = ','\n", ["source.1.delimeter", "delimiter?"]),
        ("[sources]\n", ["sources", "did you mean source?"]),
        ("[lake]\nzzz = 1\n", ["lake.zzz", "allowed there: uri, region, timezone, key"]),
        ("zzz = 1\n", ["zzz", "allowed there: lake, source, tmdb, analysis"]),
    ],
)
def test_an_unknown_setting_names_what_is_near_or_allowed(tmp_path: Path, text: str, words: list[str]) -> None:
    what = refusal(tmp_path, text).what
    assert [word for word in words if word not in what] == []


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("[lake]\nregion = 3\n", "lake.region"),
        ("[lake]\nregion = 'Leste'\n", "lake.region"),
        ("[lake]\nabandoned_uploads_hours = 'all'\n", "lake.abandoned_uploads_hours"),
        ("[lake]\nabandoned_uploads_hours = -1\n", "lake.abandoned_uploads_hours"),
        ("[[source]]\npath = 'movies.csv'\n", "source.1.dataset"),
        ("[[source]]\ndataset = 'Movies'\npath = ''\n", "source.1.path"),
        ("[[source]]\ndataset = 'My Movies'\npath = 'm'\n", "source.1.dataset"),
        ("[[source]]\ndataset = '../x'\npath = 'm'\n", "source.1.dataset"),
        ("[[source]]\ndataset = 'movies'\npath = 'm'\n", "source.1.dataset: 'movies' feeds no model; did you mean Mo"),
        ("[[source]]\ndataset = 'SERIES'\npath = 'm'\n", "did you mean Series?"),
        ("[[source]]\ndataset = 'M'\npath = 'm'\ndelimiter = '||'\n", "source.1.delimiter"),
        ("[[source]]\ndataset = 'M'\npath = 'm'\nencoding = 'utf-7'\n", "source.1.encoding"),
        ("[tmdb]\nsource = 'web'\n", "tmdb.source"),
        ("[tmdb]\nbase_url = 'api.themoviedb.org'\n", "tmdb.base_url"),
        ("[tmdb]\nbase_url = 'https://me:word@api.themoviedb.org'\n", "tmdb.base_url"),
        ("[tmdb]\nbase_url = 'https://api.themoviedb.org?api_key=x'\n", "tmdb.base_url"),
        ("[tmdb]\nrequests_per_second = 0\n", "tmdb.requests_per_second"),
        ("[analysis]\nmin_votes = 1.5\n", "analysis.min_votes"),
        ("[analysis]\nmin_money = 0\n", "analysis.min_money"),
        ("[lake]\ntimezone = 'America/Sao Paulo'\n", "lake.timezone"),
        ("[lake]\ntimezone = 'America'\n", "lake.timezone"),
        ("[lake]\ntimezone = '../UTC'\n", "lake.timezone"),
        ("[lake]\ntimezone = ''\n", "lake.timezone"),
        ("lake = 3\n", "lake:"),
        ("analysis = []\n", "analysis:"),
    ],
)
def test_a_wrong_value_names_the_field(tmp_path: Path, text: str, field: str) -> None:
    error = refusal(tmp_path, text)
    assert field in error.what
    assert "lake.toml" in error.what + error.hint


def test_a_wrong_time_zone_names_the_field_and_shows_a_right_one(tmp_path: Path) -> None:
    what = refusal(tmp_path, "[lake]\ntimezone = 'Sao_Paulo'\n").what
    assert "lake.timezone: 'Sao_Paulo' is no time zone" in what
    assert "America/Sao_Paulo" in what


@pytest.mark.parametrize(
    "genres", ['[""]', '["Drama", "Drama"]', '["Drama,Romance"]', '["any"]', '["all"]', '[" Drama"]']
)
def test_a_wrong_genre_names_the_field(tmp_path: Path, genres: str) -> None:
    assert "analysis.genres: " in refusal(tmp_path, f"[analysis]\ngenres = {genres}\n").what


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("[analysis]\ngenres = []\n", "analysis.genres"),
        ("[analysis]\ngenres = 'Drama'\n", "analysis.genres"),
        ("[source]\ndataset = 'Movies'\npath = 'movies.csv'\n", "[[source]]"),
        ("lake = 's3://bucket'\n", "lake"),
    ],
)
def test_a_wrong_shape_is_told_in_words_of_toml(tmp_path: Path, text: str, field: str) -> None:
    what = refusal(tmp_path, text).what
    assert field in what
    assert [word for word in ("tuple", "dictionary", "instance", "LakeTable") if word in what] == []


@pytest.mark.parametrize("source", ["'web'", "3", "['off']"])
def test_a_wrong_source_of_tmdb_is_told_what_may_stand_there(tmp_path: Path, source: str) -> None:
    what = refusal(tmp_path, f"[tmdb]\nsource = {source}\n").what
    assert what.startswith("lake.toml: tmdb.source: ")
    assert what.endswith('tmdb.source: write "api", "snapshot" or "off"')


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('[report]\nlang = "pt"\n', "report.lang is no setting; did you mean language?"),
        ('[report]\nx = "pt"\n', "report.x is no setting; allowed there: language"),
        ("[build]\nmax_reject = 1\n", "build.max_reject is no setting; did you mean max_rejected?"),
        ('[engine]\nmemori = "1GB"\n', "engine.memori is no setting; did you mean memory?"),
    ],
)
def test_a_setting_that_a_table_does_not_have_is_told_with_those_that_it_has(
    tmp_path: Path, text: str, what: str
) -> None:
    assert what in refusal(tmp_path, text).what


def test_the_hint_of_a_wrong_setting_leads_to_a_whole_lake_toml(tmp_path: Path) -> None:
    assert "cinelake init makes a folder with a whole one" in refusal(tmp_path, "zzz = 1\n").hint
    make_project(tmp_path / "made", InitOptions(with_sample=False))
    whole = tmp_path.joinpath("made", "lake.toml").read_text(encoding="utf-8")
    assert load(tmp_path, whole).analysis.genres == ("Drama", "Romance")


def test_a_snapshot_source_without_a_snapshot_says_what_is_wanted(tmp_path: Path) -> None:
    what = refusal(tmp_path, "[tmdb]\nsource = 'snapshot'\n").what
    assert "tmdb" in what
    assert "snapshot = " in what


def test_several_faults_come_as_one_error_and_the_rest_are_counted(tmp_path: Path) -> None:
    text = "[lake]\nregion = 3\ntimezone = 'x'\n[tmdb]\nsource = 'x'\n[analysis]\nmin_votes = -1\nmin_money = 0\n"
    what = refusal(tmp_path, text).what
    assert [field for field in ("lake.region", "lake.timezone", "tmdb.source") if field not in what] == []
    assert what.endswith("and 2 more")


def test_a_number_too_long_to_read_is_refused(tmp_path: Path) -> None:
    assert "lake.toml" in refusal(tmp_path, f"[analysis]\nmin_votes = {'9' * 5000}\n").what


def test_a_secret_in_the_wrong_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    error = refusal(tmp_path, f"[lake]\nAWS_SECRET_ACCESS_KEY = '{SECRET}'\n")
    assert SECRET not in error.what + error.hint


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_never_raise_anything_else(text: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory, suppress(ConfigurationError):
        load(Path(directory), text)


def test_a_byte_order_mark_at_the_start_of_lake_toml_is_not_text(tmp_path: Path) -> None:
    assert load(tmp_path, b"\xef\xbb\xbf[lake]\nregion = 'sa-east-1'\n").region == "sa-east-1"


# Who wins


def test_the_option_wins_over_the_variable_and_that_over_lake_toml(tmp_path: Path) -> None:
    text, env = "[lake]\nuri = 's3://from-file'\nregion = 'sa-east-1'\n", "CINELAKE_LAKE=s3://from-dotenv\n"
    assert load(tmp_path, text).lake_uri == BucketLake("from-file")
    assert load(tmp_path, text, env=env).lake_uri == BucketLake("from-dotenv")
    assert load(tmp_path, text, env=env, CINELAKE_LAKE="s3://from-shell").lake_uri == BucketLake("from-shell")
    option = load(tmp_path, text, env=env, CINELAKE_LAKE="s3://from-shell", lake_uri="s3://from-option")
    assert option.lake_uri == BucketLake("from-option")


def test_the_region_of_the_environment_wins_over_lake_toml(tmp_path: Path) -> None:
    text = "[lake]\nregion = 'sa-east-1'\n"
    assert load(tmp_path, text).region == "sa-east-1"
    assert load(tmp_path, text, AWS_DEFAULT_REGION="eu-west-1").region == "eu-west-1"
    assert load(tmp_path, text, AWS_DEFAULT_REGION="eu-west-1", AWS_REGION="us-west-2").region == "us-west-2"


# The processing date


def test_the_processing_date_is_the_day_in_the_lake_s_time_zone(tmp_path: Path) -> None:
    late = datetime(2022, 5, 2, 23, 30, tzinfo=timezone(timedelta(hours=-3)))
    assert load(tmp_path).processing_date(late) == date(2022, 5, 2)
    assert load(tmp_path).processing_date(late.astimezone(UTC)) == date(2022, 5, 2)
    assert load(tmp_path, "[lake]\ntimezone = 'UTC'\n").processing_date(late) == date(2022, 5, 3)


def test_a_given_date_overrides_the_day(folder: ProjectFolder, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["land", "--project", str(folder.path), "--dry-run", "--json", "--date", "1999-12-31"]
    assert exit_code_of(app, arguments) == ExitCode.DONE
    assert json.loads(capsys.readouterr().out)["processing_date"] == "1999-12-31"


@pytest.mark.parametrize(
    "text", ["2022-13-01", "2022-02-30", "2022-5-2", "today", "20220502", "02/05/2022", "2022-05-02T00", ""]
)
def test_a_wrong_date_is_refused_with_a_right_one(
    text: str, folder: ProjectFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigurationError, match="--date") as raised:
        parse_date(text)
    assert "2022-05-02" in raised.value.hint
    assert exit_code_of(app, ["land", "--project", str(folder.path), "--dry-run", "--date", text]) == ExitCode.USAGE
    assert repr(text) in capsys.readouterr().err


def test_the_datasets_that_feed_the_models_are_those_of_the_contract() -> None:
    assert tuple(CONTRACTS) == MODELLED
