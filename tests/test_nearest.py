"""A word that is nearly right is answered with the right one, wherever a reader writes one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinelake.config.environment import READ, find_slips
from cinelake.config.nearest import did_you_mean, nearest
from projects import ProjectFolder
from refusals import refusal
from tables import build, land

SHIPPED = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """The small project with its tables; nothing in these tests changes it."""
    folder = ProjectFolder(tmp_path_factory.mktemp("built"))
    folder.write_small()
    land(folder)
    build(folder)
    return folder


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        (["rnu"], "cinelake run"),
        (["RUN"], "cinelake run"),
        (["bulid"], "cinelake build"),
        (["run", "--dte", "2022-05-02"], "--date"),
        (["run", "--projcet", "x"], "--project"),
        (["verify", "--depe"], "--deep"),
        (["report", "--lang", "ptt"], "pt"),
        (["report", "--format", "pgn"], "png"),
        (["fetch", "imbd"], "imdb"),
        (["build", "--engine", "duckbd"], "duckdb"),
        (["ls", "--dataset", "Movie"], "Movies"),
        (["ls", "--dataset", "fact_titel"], "fact_title"),
        (["ls", "Refind"], "Refined"),
        (["sql", "SELECT * FROM fact_titel"], "refined.fact_title"),
        (["sql", "SELECT * FROM refind.fact_title"], "refined.fact_title"),
        (["ask", "films-vs-serie"], "films-vs-series"),
        (["ask", "films-vs-series", "--csv", "--table", "diferences"], "differences"),
        (["report", "Films-vs-Series"], "films-vs-series"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_misspelt_on_the_command_line_is_answered_with_what_was_meant(
    built: ProjectFolder, command: list[str], meant: str
) -> None:
    ended = built.cinelake(*command)
    assert ended.returncode == 2
    assert f"did you mean {meant}?" in ended.stderr.splitlines()[-1]


def test_a_column_that_is_misspelt_is_answered_with_those_that_were_meant(built: ProjectFolder) -> None:
    ended = built.cinelake("sql", "SELECT ratign FROM fact_title")
    assert 'did you mean "rating"' in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize("command", [["xyzzy"], ["run", "--xyzzy"], ["report", "--format", "xyzzy"]], ids=" ".join)
def test_a_word_that_is_like_none_is_answered_with_where_to_look(built: ProjectFolder, command: list[str]) -> None:
    told = refusal(built, *command, code=2)
    assert "did you mean" not in told.words
    called = "cinelake run" if command[0] == "run" else "cinelake report" if command[0] == "report" else "cinelake"
    assert told.hint.startswith(f"see {called} --help")
    assert "Value error" not in told.what


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ('[tmbd]\nsource = "off"', "tmbd is no setting; did you mean tmdb?"),
        ('[tmdb]\nsorce = "off"', "tmdb.sorce is no setting; did you mean source?"),
        ('[lake]\ngenres = ["Drama"]', "lake.genres is no setting; it belongs under [analysis]"),
        ('genres = ["Drama"]', "genres is no setting; it belongs under [analysis]"),
        ('[tmdb]\npath = "x"', "tmdb.path is no setting; it belongs under [[source]]"),
        ('[tmdb]\nsource = "snapshoot"', "tmdb.source: did you mean snapshot?"),
        ('[engine]\nname = "sprak"', "engine.name: did you mean spark?"),
        ('[report]\nlanguage = "pt-BR"', "report.language: did you mean pt?"),
        ('[report]\nlanguage = "portuguese"', 'report.language: write "en" or "pt"'),
        ('[lake]\ntimezone = "America/Sao_Paolo"', "is no time zone; did you mean America/Sao_Paulo?"),
        ('[lake]\ntimezone = "Sao_Paulo"', "is no time zone; did you mean America/Sao_Paulo?"),
        ('[lake]\ntimezone = "europe/lisboa"', "is no time zone; "),
        ('[[source]]\ndataset = "series"\npath = "series.csv"', "'series' feeds no model; did you mean Series?"),
        ('[[source]]\ndataset = "A"\npath = "a"\nencoding = "utf8"', "source.1.encoding: did you mean utf-8?"),
        ("[questions.films-vs-serie]\nx = 1", "did you mean films-vs-series?"),
    ],
    ids=lambda value: value.replace("\n", " ") if value.startswith(("[", "genres")) else "",
)
def test_what_is_misspelt_in_lake_toml_is_answered_with_what_was_meant(
    built: ProjectFolder, tmp_path: Path, settings: str, told: str
) -> None:
    folder = ProjectFolder(tmp_path)
    folder.path.joinpath("lake.toml").write_text(f"{settings}\n", encoding="utf-8")
    assert told in refusal(folder, "ask", "--lake", f"file:{built.path}/lake", code=2).words


def test_a_genre_that_no_title_has_is_answered_with_the_one_that_they_have(built: ProjectFolder) -> None:
    settings = built.path.joinpath("lake.toml").read_text(encoding="utf-8")
    folder = ProjectFolder(built.path.parent / "other genres")
    folder.path.joinpath("lake.toml").write_text(
        settings.replace('"Romance"', '"drama"').replace('"Drama"', '"Romnce"')
    )
    told = folder.cinelake("ask", "films-vs-series", "--lake", f"file:{built.path}/lake")
    assert "no title has the genre 'drama': did you mean Drama?" in told.stdout + told.stderr
    assert "no title has the genre 'Romnce': did you mean Romance?" in told.stdout + told.stderr


# .env


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("AWS_ACESS_KEY_ID", "AWS_ACCESS_KEY_ID"),
        ("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
        ("aws_access_key_id", "AWS_ACCESS_KEY_ID"),
        ("AWS_SECRET_KEY", "AWS_SECRET_ACCESS_KEY"),
        ("AWS_SESION_TOKEN", "AWS_SESSION_TOKEN"),
        ("TMDB_TOKN", "TMDB_TOKEN"),
        ("TMDB_APIKEY", "TMDB_API_KEY"),
        ("CINELAKE_LAK", "CINELAKE_LAKE"),
    ],
)
def test_a_variable_that_is_misspelt_in_env_is_known_for_the_one_that_was_meant(written: str, meant: str) -> None:
    assert find_slips({written: "x"}, {}) == ((written, meant),)
    assert find_slips({written: "x", meant: "x"}, {}) == ()
    assert find_slips({written: "x"}, {meant: "x"}) == ()


def test_what_others_read_of_env_is_no_slip() -> None:
    lines = SHIPPED.joinpath(".env.example").read_text(encoding="utf-8").splitlines()
    names = {line.lstrip("# ").partition("=")[0] for line in lines if "=" in line}
    assert {"UID_GID", "CINELAKE_IMAGE", "AWS_PROFILE"} <= names
    for name in (
        *names,
        *READ,
        "AWS_ENDPOINT_URL_SQS",
        "AWS_DEFAULT_PROFILE",
        "AWS_CONFIG_FILE",
        "PATH",
        "HTTPS_PROXY",
    ):
        assert find_slips({name: "x"}, {}) == ()


@pytest.mark.parametrize(
    ("filed", "command", "code"),
    [
        ("AWS_ACESS_KEY_ID=A\nAWS_SECRET_ACCESS_KEY=S\n", ["ls", "--lake", "s3://lake-of-mine"], 2),
        ("AWS_ACESS_KEY_ID=A\nAWS_SECRET_ACESS_KEY=S\n", ["ls", "--lake", "s3://lake-of-mine"], 4),
    ],
    ids=["one", "both"],
)
def test_who_lacks_credentials_is_told_of_a_slip_in_env(
    folder: ProjectFolder, filed: str, command: list[str], code: int
) -> None:
    folder.path.joinpath(".env").write_text(filed, encoding="utf-8")
    told = refusal(folder, *command, code=code)
    assert told.hint.startswith(".env sets AWS_ACESS_KEY_ID: did you mean AWS_ACCESS_KEY_ID?")


def test_who_lacks_a_token_is_told_of_a_slip_in_env(folder: ProjectFolder) -> None:
    land(folder)
    folder.write_settings(tmdb='source = "api"')
    folder.path.joinpath(".env").write_text("TMDB_TOKN=x\n", encoding="utf-8")
    assert refusal(folder, "enrich", code=4).hint.startswith(".env sets TMDB_TOKN: did you mean TMDB_TOKEN?")


# The word itself


@given(words=st.lists(st.text("abcd-_", min_size=1, max_size=12), min_size=1, max_size=6))
def test_a_word_that_is_known_is_its_own_nearest_whatever_its_letters_size(words: list[str]) -> None:
    assert nearest(words[0].upper(), words) == words[0]


@pytest.mark.parametrize("wrong", ["zzz", "", 7, None, ["Drama"]])
def test_nothing_is_like_what_is_no_word_or_another(wrong: object) -> None:
    assert nearest(wrong, ["Drama", "Romance"]) is None
    assert did_you_mean(wrong, ["Drama", "Romance"]) is None
