"""What the doctor says mends what is wrong: a command or a setting to copy; those that can be run here are run."""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cinelake import Finding, Mend, examine, land_files
from cinelake.config import FolderLake
from cinelake.config.environment import VariableError
from cinelake.config.settings import Settings
from cinelake.doctor import mends
from cinelake.doctor.bucket import LeftBehindError, compare_regions
from cinelake.doctor.findings import IN_PROJECT
from cinelake.doctor.folder import _make_writable, look_at_folder
from cinelake.doctor.lines import place_of
from cinelake.doctor.mends import Reader, mend_of
from cinelake.errors import AccessError
from cinelake.lake.failures import lake_failures
from cinelake.land.sources import UnfitFileError
from projects import PROGRAM, Place, ProjectFolder, S3Server
from refusals import as_ordinary_user
from test_errors import client_error, made
from tmdb import point_at, serving

WITH_PROGRAM = f"{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}"
HARMFUL = re.compile(r"rm\s+-\w*[rR]|ch(own|mod|grp)\s+-\w*R")
"""What nobody should paste who does not know what lies there."""
KEYS = {"YOUR_KEY_ID": "AKIATEST", "YOUR_SECRET": "SECRETTEST", "YOUR_SESSION_TOKEN": "TOKENTEST"}


@dataclass(frozen=True)
class Fault:
    """Something that is wrong with a project."""

    name: str
    """Of the finding that tells it."""
    spoil: Callable[[Path], object]
    """Makes it so, in the project folder."""
    filled: Mapping[str, str] = field(default_factory=dict)
    """What the reader writes for the words in capitals."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of the environment."""


def write(name: str, text: str) -> Callable[[Path], object]:
    """Spoils by writing a file."""
    return lambda folder: folder.joinpath(name).write_bytes(text.encode("latin-1"))


def configured(old: str, new: str) -> Callable[[Path], object]:
    """Spoils by another text in lake.toml."""

    def spoil(folder: Path) -> None:
        text = folder.joinpath("lake.toml").read_text(encoding="utf-8")
        assert old in text
        folder.joinpath("lake.toml").write_text(text.replace(old, new, 1), encoding="utf-8")

    return spoil


def put_under_git(folder: Path) -> None:
    folder.joinpath(".env").write_text("AWS_REGION=us-east-1\n", encoding="utf-8")
    for command in (["init"], ["add", "--force", ".env"]):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True, timeout=60)


def without_sources(folder: Path) -> None:
    folder.joinpath("lake.toml").write_text('[tmdb]\nsource = "off"\n', encoding="utf-8")


def moved(name: str, to: str) -> Callable[[Path], object]:
    """Spoils by taking a file away."""
    return lambda folder: folder.joinpath(name).rename(folder / to)


def both_elsewhere(folder: Path) -> None:
    configured('"series.csv"', '"data/a/series.csv"')(folder)
    configured('"movies.csv"', '"data/movies.csv"')(folder)


def without_folder(path: str) -> Callable[[Path], object]:
    """Spoils by a source whose folder is not there, while its file lies in another."""

    def spoil(folder: Path) -> None:
        configured('"series.csv"', f'"{path}"')(folder)
        folder.joinpath("mine").mkdir()
        moved("series.csv", "mine/1.csv")(folder)

    return spoil


def with_empty_folder(folder: Path) -> None:
    without_folder("parts")(folder)
    folder.joinpath("parts").mkdir()


MISSPELT = """
[[source]]
dataset = "Movies"
path = "movies.csv"
[[source]]
dataset = "Series"
pth = "series.csv"

[tmbd]
source = "off"
[ analysis ]  # of whom
  genre = [
    "Drama",
]
genrs = [
    "Drama",
]
min_vote=1
nothing_like_any = 1
timezone = "UTC"
"""

COMMANDS = {
    "no lake.toml": Fault("lake.toml", lambda folder: folder.joinpath("lake.toml").unlink()),
    "a line of .env that is none": Fault(".env", write(".env", "AWS_REGION=us-east-1\n'no line\nTMDB_TOKEN=x\n")),
    "an open quote in .env": Fault(".env", write(".env", "AWS_REGION='us-east-1\nTMDB_TOKEN=x\n")),
    "another encoding of .env": Fault(".env", write(".env", "AWS_REGION=us-east-1\n# S\xe3o Paulo\n")),
    "UTF-16 in .env": Fault(
        ".env", lambda folder: folder.joinpath(".env").write_bytes("AWS_REGION=us-east-1\n".encode("utf-16"))
    ),
    "a folder in the place of .env": Fault(".env", lambda folder: folder.joinpath(".env").mkdir()),
    "a slip in .env": Fault(".env", write(".env", "AWS_ACESS_KEY_ID=A\nexport aws_secret_access_key=S\nTMDB_TOKN=x\n")),
    "git takes .env": Fault("git", put_under_git),
    "no [[source]]": Fault("sources", without_sources),
    "a missing source": Fault("sources", moved("series.csv", "there"), {"/PATH/TO/series.csv": "there"}),
    "an empty source": Fault(
        "sources", lambda folder: moved("series.csv", "there")(folder) and write("series.csv", "")(folder) is None,
        {"/PATH/TO/series.csv": "there"},
    ),
    "missing sources in a missing folder": Fault(
        "sources",
        both_elsewhere,
        {"/PATH/TO/series.csv": "series.csv", "/PATH/TO/movies.csv": "movies.csv"},
    ),
    "a missing folder of sources": Fault("sources", without_folder("parts/of/series/"), {"/PATH/TO/series": "mine"}),
    "an empty folder of sources": Fault("sources", with_empty_folder, {"/PATH/TO/parts": "mine"}),
    "a misspelt key": Fault("lake.toml", configured("[lake]", '[lake]\nurl = "file:lake"')),
    "misspelt keys": Fault("lake.toml", write("lake.toml", MISSPELT)),
    "a file in the place of the lake": Fault("lake", write("lake", "")),
    "a lake of the command line": Fault("lake", lambda _: None),
}  # fmt: skip
SETTINGS = {
    "a wrong time zone": Fault("lake.toml", configured("[lake]", '[lake]\ntimezone = "Brasilia"')),
    "a wrong engine": Fault("lake.toml", configured("[build]", '[engine]\nname = "sprak"\n[build]')),
    "a source without a path": Fault("lake.toml", configured('path = "series.csv"\n', "")),
    "a lake that is none": Fault("lake", configured("[lake]", '[lake]\nuri = "ftp://x"')),
    "a lake of .env that is none": Fault("lake", write(".env", "CINELAKE_LAKE=ftp://x\n")),
    "a key without its secret": Fault("variables", write(".env", "AWS_ACCESS_KEY_ID=A\n"), KEYS),
    "an endpoint that is none": Fault("variables", write(".env", "AWS_ENDPOINT_URL_S3=127.0.0.1\n")),
    "a token of two lines": Fault(
        "variables", write(".env", 'TMDB_TOKEN="a\nb"\n'), {"YOUR_READ_ACCESS_TOKEN": "a-token"}
    ),
    "a slip of TMDB's source": Fault(
        "lake.toml", configured('source = "snapshot"\nsnapshot = "tmdb.jsonl"', 'source = "of"')
    ),
    "a wrong value over lines": Fault(
        "lake.toml", configured('["Drama", "Romance"]', '[\n"a",\n"a",\n]\nmin_votes = 1')
    ),
    "no snapshot": Fault("TMDB", lambda folder: folder.joinpath("tmdb.jsonl").unlink()),
}
EXPORTED = {
    "a lake of the environment": Fault("lake", lambda _: None, {}, {"CINELAKE_LAKE": "ftp://x"}),
    "an endpoint of the environment": Fault("variables", lambda _: None, {}, {"AWS_ENDPOINT_URL_S3": "127.0.0.1"}),
}


def examined(folder: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The findings that the program tells in the folder, by name."""
    environment = {**os.environ, "PATH": WITH_PROGRAM, **(variables or {})}
    ended = subprocess.run(
        [PROGRAM, "doctor", "--json", *arguments], cwd=folder, env=environment, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode in (0, 1), ended.stderr
    assert not HARMFUL.search(ended.stdout)
    return {finding["name"]: finding for finding in json.loads(ended.stdout)["findings"]}


def wrong(findings: Mapping[str, Any]) -> list[str]:
    """The names of those that are wrong; what is wrong or has a hint has something to copy."""
    for finding in findings.values():
        if finding["ok"] is False or finding["hint"]:
            assert finding["mend"], finding
            assert all(finding["mend"].values()), finding
    return [name for name, finding in findings.items() if finding["ok"] is False]


def filled(text: str, fault: Fault) -> str:
    """What is to be copied, with the words in capitals replaced."""
    for word, own in fault.filled.items():
        text = text.replace(word, own)
    assert not re.search(r"\b(YOUR_[A-Z_]+|PATH/TO)\b", text)
    return text


def shell(command: str, folder: Path, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command as it would be pasted."""
    environment = {**os.environ, "PATH": WITH_PROGRAM, "EDITOR": "false", **(variables or {})}
    return subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def put_into(folder: Path, place: str, text: str) -> None:
    """Writes what is told where it is told, and does nothing else."""
    name, _, where = place.partition(", ")
    where, _, instead = where.partition("in place of ")
    path = folder / name
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    if instead:
        first, last = (re.findall(r"\d+", instead) * 2)[:2]
        lines[int(first) - 1 : int(last)] = text.split("\n")
    elif where.startswith("under "):
        heading, _, number = where.removeprefix("under ").partition(" number ")
        start = [place for place, each in enumerate(lines) if each == heading][int(number or 1) - 1] + 1
        lines[start:start] = text.split("\n")
    else:
        assert where in ("", "at its end")
        lines += text.split("\n")
    path.write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize("where", ["in the project", "beside it"])
@pytest.mark.parametrize("fault", COMMANDS.values(), ids=COMMANDS)
def test_a_command_mends_what_is_wrong_from_wherever_the_doctor_was_asked(
    folder: ProjectFolder, fault: Fault, where: str
) -> None:
    fault.spoil(folder.path)
    arguments = ["--lake", "ftp://x"] if fault is COMMANDS["a lake of the command line"] else []
    here = folder.path
    if where == "beside it":
        here = folder.path.parent
        arguments += ["--project", "project"]
    before = examined(here, *arguments)
    assert fault.name in wrong(before)
    mend = before[fault.name]["mend"]
    assert set(mend) == {"run"}
    for word, own in fault.filled.items():  # as a reader finds it from the project folder, where the command runs
        assert word in mend["run"], own
    ended = shell(filled(mend["run"], fault), here)
    assert ended.returncode == 0, (mend, ended.stderr)
    if not arguments or arguments[0] == "--project":
        assert wrong(examined(here, *arguments)) == []


@pytest.mark.parametrize("fault", SETTINGS.values(), ids=SETTINGS)
def test_a_setting_mends_what_is_wrong(folder: ProjectFolder, fault: Fault) -> None:
    fault.spoil(folder.path)
    before = examined(folder.path)
    assert fault.name in wrong(before)
    mend = before[fault.name]["mend"]
    assert set(mend) == {"in", "write"}
    put_into(folder.path, mend["in"], filled(mend["write"], fault))
    assert wrong(examined(folder.path)) == []


@pytest.mark.parametrize("fault", EXPORTED.values(), ids=EXPORTED)
def test_what_the_environment_sets_is_mended_there_since_it_wins_over_env(folder: ProjectFolder, fault: Fault) -> None:
    before = examined(folder.path, variables=fault.variables)
    assert wrong(before) == [fault.name]
    command = before[fault.name]["mend"]["run"]
    assert command.startswith("export ")
    ended = shell(f"{command}; cinelake doctor", folder.path, fault.variables)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[lake]\nuri = "x"', ("lake.toml, under [lake], in place of line 2", False)),
        ("[ lake ]  # of mine\n\n  uri = [\n1,\n]\n", ("lake.toml, under [lake], in place of lines 3 to 5", False)),
        ("[lake]\n[tmdb]\nuri = 1", ("lake.toml, under [lake]", False)),
        ("\ufeff[lake]\n# uri = 1\nuris = 1", ("lake.toml, under [lake]", False)),
        ("[tmdb]\nuri = 1", ("lake.toml, at its end", True)),
        ("lake.uri = 1", None),
        ("lake = {uri = 1}", None),
        ("[tmdb", None),
    ],
)
def test_the_place_of_a_setting_says_what_it_stands_in_place_of(text: str, told: tuple[str, bool] | None) -> None:
    assert place_of(text, "[lake]", "uri") == told


def test_a_table_that_is_not_there_is_written_with_its_setting(tmp_path: Path) -> None:
    tmp_path.joinpath("lake.toml").write_text("[tmdb]\n", encoding="utf-8")
    found = Reader("cinelake", tmp_path, None, {}).mended(Finding("bucket", False, "it is taken", "take another"))
    assert found.mend == Mend('[lake]\nuri = "s3://ANOTHER-NAME"', f"{tmp_path}/lake.toml, at its end")
    tmp_path.joinpath("lake.toml").write_text("lake.uri = 's3://taken'\n", encoding="utf-8")
    found = Reader("cinelake", tmp_path, None, {}).mended(Finding("bucket", False, "it is taken", "take another"))
    assert found.mend == Mend(f'(cd {tmp_path} && "${{EDITOR:-vi}}" lake.toml)')


def test_another_bucket_is_named_where_the_one_that_is_taken_was(tmp_path: Path) -> None:
    found = Reader("cinelake", Path(), "s3://taken", {}).mended(Finding("bucket", False, "it is taken", "take another"))
    assert found.mend == Mend("cinelake doctor --lake s3://ANOTHER-NAME")


def test_misspelt_keys_are_renamed_at_once_and_what_is_like_none_becomes_a_comment(folder: ProjectFolder) -> None:
    folder.path.joinpath("lake.toml").write_text(MISSPELT, encoding="utf-8")
    assert examined(folder.path)["lake.toml"]["mend"]["run"] == (
        "perl -i -pe 's/pth/path/ if $. == 7; s/genre/genres/ if $. == 12; "
        "s/^/# / if $. >= 15 && $. <= 17; s/min_vote/min_votes/ if $. == 18; s/^/# / if $. >= 19 && $. <= 19; "
        "s/^/# / if $. >= 20 && $. <= 20; s/tmbd/tmdb/ if $. == 9;' lake.toml"
    )


@pytest.mark.parametrize(
    ("source", "told"), [("of", 'source = "off"'), ("snapshoot", 'source = "snapshot"'), ("offline", 'source = "api"')]
)
def test_what_was_meant_is_what_mends(folder: ProjectFolder, source: str, told: str) -> None:
    folder.write_settings(tmdb=f'source = "{source}"')
    found = examined(folder.path)["lake.toml"]
    assert found["mend"] == {"in": "lake.toml, under [tmdb], in place of line 10", "write": told}
    assert ("did you mean" in found["detail"]) is (source != "offline")


def test_the_last_line_of_each_finding_that_is_wrong_is_what_to_copy(folder: ProjectFolder) -> None:
    folder.path.joinpath("series.csv").unlink()
    folder.path.joinpath("lake").write_text("", encoding="utf-8")
    told = folder.cinelake("doctor").stdout
    found = re.findall(r"^FAIL  (\w+): .*\n      hint: .*\n      run:\n        (\S.*)\n(?! )", told, re.MULTILINE)
    assert found == [
        ("sources", "cp /PATH/TO/series.csv series.csv"),
        ("lake", f"mv {folder.path}/lake {folder.path}/lake.moved"),
    ]


def test_a_setting_is_told_with_its_file_and_table_and_stands_alone_on_its_line(folder: ProjectFolder) -> None:
    folder.path.joinpath("tmdb.jsonl").unlink()
    told = folder.cinelake("doctor").stdout
    assert '\n      write into lake.toml, under [tmdb], in place of line 10:\n        source = "off"\n' in told


def test_a_command_calls_the_program_as_the_reader_s_shell_finds_it(folder: ProjectFolder) -> None:
    for path, called in ((os.environ["PATH"], PROGRAM), (WITH_PROGRAM, "cinelake")):
        if path != WITH_PROGRAM and shutil.which("cinelake", path=path):
            continue
        ended = folder.cinelake("doctor", "--json", variables={"PATH": path})
        [lake] = [each for each in json.loads(ended.stdout)["findings"] if each["name"] == "lake"]
        assert lake["mend"] == {"run": f"{called} land"}
    programs = folder.path / ".venv" / "bin"
    programs.mkdir(parents=True)
    programs.joinpath("cinelake").symlink_to(PROGRAM)
    ended = subprocess.run(
        [".venv/bin/cinelake", "doctor"], cwd=folder.path, capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert "\n      run:\n        .venv/bin/cinelake land\n" in ended.stdout


def test_a_command_has_the_project_and_the_lake_that_were_given(folder: ProjectFolder) -> None:
    told = examined(folder.path.parent, "--project", "project", "--lake", "file:other lake")
    assert told["lake"]["mend"] == {"run": "cinelake land --project project --lake 'file:other lake'"}
    assert shell(told["lake"]["mend"]["run"], folder.path.parent).returncode == 0
    again = examined(folder.path.parent, "--project", "project", "--lake", "file:other lake")
    assert again["lake"]["ok"] is True


def test_a_source_that_may_not_be_read_is_opened_by_the_command(folder: ProjectFolder) -> None:
    folder.path.joinpath("movies.csv").chmod(0o000)
    ended = as_ordinary_user(folder, "doctor", "--json")
    if ended is None:
        pytest.skip("root cannot be bound by permissions here")
    [sources] = [each for each in json.loads(ended.stdout)["findings"] if each["name"] == "sources"]
    assert sources["mend"] == {"run": "chmod u+r movies.csv"}
    assert shell(sources["mend"]["run"], folder.path).returncode == 0
    again = as_ordinary_user(folder, "doctor")
    assert again is not None
    assert again.returncode == 0


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_secrets_of_another_encoding_stay_as_closed_as_they_were(folder: ProjectFolder, encoding: str) -> None:
    path = folder.path / ".env"
    path.write_bytes("TMDB_TOKEN=x\n# S\xe3o Paulo\n".encode(encoding))
    path.chmod(0o600)
    command = examined(folder.path)[".env"]["mend"]["run"]
    assert command == (
        f"(umask 077; iconv -f {'LATIN1' if encoding == 'latin-1' else 'UTF-16'} -t UTF-8 .env > .env.new "
        "&& cat .env.new > .env; rm -f .env.new)"
    )
    assert shell(command, folder.path).returncode == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text(encoding="utf-8") == "TMDB_TOKEN=x\n# S\xe3o Paulo\n"
    assert not path.with_name(".env.new").exists()


def test_all_missing_files_are_copied_by_one_command() -> None:
    faults = [
        ("data/movies.csv", "is missing"),
        ("data/series.csv", "is missing"),
        ("a b/parts/", "is missing"),
        ("c.csv", "may not be read: permission denied"),
    ]
    assert mend_of(UnfitFileError("", "", faults)) == Mend(
        "mkdir -p 'a b' data && cp /PATH/TO/movies.csv data/movies.csv && cp /PATH/TO/series.csv data/series.csv "
        "&& cp -r /PATH/TO/parts 'a b/parts' && chmod u+r c.csv",
        IN_PROJECT,
    )


@pytest.mark.parametrize(
    ("endpoint_url", "told"),
    [
        ("http://127.0.0.1:7480", "curl --silent --show-error --head http://127.0.0.1:7480"),
        (None, "curl --silent --show-error --head https://s3.amazonaws.com"),
    ],
)
def test_a_service_that_fails_is_looked_at_where_it_is(endpoint_url: str | None, told: str) -> None:
    found = Reader("cinelake", Path(), None, {}, endpoint_url).mended(Finding("endpoint", False, "it fails", "wait"))
    assert found.mend == Mend(told)


def test_tmdb_is_looked_at_where_it_does_not_answer(folder: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write_settings(tmdb='source = "api"')
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    found = examined(folder.path, variables={"TMDB_TOKEN": "x"})["TMDB"]
    assert (found["ok"], found["mend"]) == (
        None,
        {"run": "curl --silent --show-error --head https://api.themoviedb.org"},
    )


@pytest.mark.parametrize("landed", [True, False])
def test_of_a_full_disk_it_is_told_what_may_go_and_nothing_is_removed(folder: ProjectFolder, landed: bool) -> None:
    if landed:
        folder.path.joinpath("lake").mkdir()
    there = os.statvfs(folder.path)
    with folder.path.joinpath("movies.csv").open("r+b") as file:
        file.truncate(there.f_blocks * there.f_frsize + 1)  # a hole, which takes no room
    found = examined(folder.path)["disk"]
    assert found["mend"] == {"run": f"du -x -h -d 1 {folder.path} | sort -h"}
    assert ("cinelake expire --builds" in found["hint"]) is landed
    assert ".cinelake may go while nothing runs, though IMDb's files in it would be fetched again" in found["hint"]
    assert shell(found["mend"]["run"], folder.path).returncode == 0


def test_a_lake_that_may_not_be_written_to_is_opened_by_the_command(folder: ProjectFolder) -> None:
    lake = folder.path / "lake"
    lake.mkdir(mode=0o555)
    ended = as_ordinary_user(folder, "doctor", "--json")
    if ended is None:
        lake.chmod(0o700)
        pytest.skip("root cannot be bound by permissions here")
    [found] = [each for each in json.loads(ended.stdout)["findings"] if each["name"] == "may write"]
    assert shell(found["mend"]["run"], folder.path).returncode == 0
    again = as_ordinary_user(folder, "doctor")
    assert again is not None
    assert again.returncode == 0


@pytest.mark.parametrize(
    ("lake", "told"),
    [
        ("/lake-of-mine", 'sudo install -d -o "$(id -u)" /lake-of-mine'),
        ("/a/lake of mine", """sudo install -d -o "$(id -u)" '/a/lake of mine'"""),
        ("/", "cinelake doctor --lake file:lake"),
        ("empty", 'sudo chown "$(id -u)" empty'),
        ("landed", 'sudo chown "$(id -u)" landed'),
        ("own", "chmod u+rwx own"),
        ("other", "cinelake doctor --lake file:lake"),
    ],
)
def test_only_the_lake_itself_is_made_the_reader_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lake: str, told: str
) -> None:
    """Told to somebody who owns none of these folders but one, and may write to none."""
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "landed/_manifests", "own", "other/letters"):
        Path(name).mkdir(parents=True)
    owner = Path("own").stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: owner if lake == "own" else owner + 1000)
    monkeypatch.setattr("os.access", lambda *_: False)
    [found] = [each for each in look_at_folder(FolderLake(Path(lake), lake)) if each.name == "may write"]
    assert found.mend == Mend(told)


def test_a_lake_that_is_not_there_is_made_by_the_command(tmp_path: Path) -> None:
    """Who may become root is played by a stand-in of sudo."""
    programs, above = tmp_path / "programs", tmp_path / "above"
    programs.mkdir()
    above.mkdir()
    programs.joinpath("sudo").write_text('#!/bin/sh\nexec "$@"\n', encoding="utf-8")
    programs.joinpath("sudo").chmod(0o700)
    mend = _make_writable(above / "lake of mine", above)
    ended = shell(mend.text, tmp_path, {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"})
    assert ended.returncode == 0, ended.stderr
    assert (above / "lake of mine").is_dir()


def test_what_may_not_be_opened_becomes_the_reader_s_and_nothing_below_it() -> None:
    with pytest.raises(Exception, match="cannot look") as raised, lake_failures("cannot look"):
        raise PermissionError(13, "Permission denied", "/a folder")
    assert mend_of(raised.value) == Mend("""sudo chown "$(id -u)" '/a folder'""")  # type: ignore[arg-type]


def test_credentials_that_are_missing_are_mended_in_env(folder: ProjectFolder, moto: S3Server) -> None:
    place = Place.on(moto)
    folder.path.joinpath(".env").write_text(f"AWS_ENDPOINT_URL_S3={moto.endpoint}\n", encoding="utf-8")
    before = examined(folder.path, "--lake", place.uri)
    assert wrong(before) == ["credentials"]
    mend = before["credentials"]["mend"]
    assert (mend["in"], len(mend["write"].splitlines())) == (".env", 2)
    put_into(folder.path, mend["in"], filled(mend["write"], Fault("", print, KEYS)))
    assert wrong(examined(folder.path, "--lake", place.uri)) == []


@pytest.mark.parametrize("name", ["rclone", "ceph"])
def test_a_wrong_secret_is_mended_in_env(folder: ProjectFolder, name: str, request: pytest.FixtureRequest) -> None:
    server: S3Server = request.getfixturevalue(name)
    place = Place.on(server)
    text = "".join(f"{name}={value}\n" for name, value in replace(server, secret_key="wrong-secret").variables.items())
    folder.path.joinpath(".env").write_text(text, encoding="utf-8")
    before = examined(folder.path, "--lake", place.uri)
    assert wrong(before) == ["identity"]
    mend = before["identity"]["mend"]
    put_into(folder.path, mend["in"], filled(mend["write"], Fault("", print, KEYS)))
    assert wrong(examined(folder.path, "--lake", place.uri)) == []


def test_a_file_of_certificates_that_is_not_there_is_mended_where_it_is_named(
    folder: ProjectFolder, moto: S3Server
) -> None:
    place = Place.on(moto)
    variables = {**moto.variables, "AWS_CA_BUNDLE": "/nowhere.pem"}
    before = examined(folder.path, "--lake", place.uri, variables=variables)
    assert wrong(before) == ["endpoint"]
    assert before["endpoint"]["mend"] == {"run": "export AWS_CA_BUNDLE=/PATH/TO/authority.pem"}


def test_a_token_that_tmdb_refuses_is_mended_in_env(folder: ProjectFolder) -> None:
    folder.write_records("tmdb.jsonl", [])
    folder.path.joinpath(".env").write_text("TMDB_TOKEN=a-wrong-one\n", encoding="utf-8")
    with serving(folder.path / "tmdb.jsonl", "--token", "the-right-one") as server:
        point_at(folder, server)
        before = examined(folder.path)
        assert wrong(before) == ["TMDB"]
        mend = before["TMDB"]["mend"]
        put_into(folder.path, mend["in"], filled(mend["write"], Fault("", print, {"YOUR_TOKEN": "the-right-one"})))
        assert wrong(examined(folder.path)) == []


@pytest.mark.parametrize("service", ["moto", "ceph"])
@pytest.mark.parametrize("filed", [True, False], ids=["keys in .env", "keys in the environment"])
def test_a_bucket_s_settings_are_mended_by_commands_of_aws_that_do_what_a_landing_does(
    folder: ProjectFolder, service: str, filed: bool, request: pytest.FixtureRequest
) -> None:
    """AWS's own command line is not at hand: a stand-in makes the call that it would make, through botocore."""
    server: S3Server = request.getfixturevalue(service)
    place = Place.on(server)
    server.client().create_bucket(Bucket=place.name)
    variables = dict(place.variables)
    if filed:
        text = "".join(f"{name}={value}\n" for name, value in variables.items())
        folder.path.joinpath(".env").write_text(text, encoding="utf-8")
        variables = {}
    before = examined(folder.path, "--lake", place.uri, variables=variables)
    asked = [each["mend"]["run"] for name, each in before.items() if name.startswith("bucket ") and each["mend"]]
    told = [name for name, each in before.items() if name.startswith("bucket ") and each["mend"]]
    # By the others an owner may be locked out: of a block of public access Ceph is known for it.
    encryption = ["bucket encryption"] if service == "moto" else []  # which Ceph lacks
    assert told == ["bucket versions", *encryption, "bucket abandoned uploads"]
    for command in asked:
        words = shlex.split(command.strip("()").rpartition("; ")[2])
        assert words[:2] == ["aws", "s3api"]
        options = dict(zip(words[3::2], words[4::2], strict=True))
        assert options.pop("--endpoint-url") == server.endpoint
        assert command.startswith("(set -a; . ./.env; ") is filed
        call(server, words[2], options)
    after = examined(folder.path, "--lake", place.uri, variables=variables)
    assert [name for name, each in after.items() if name.startswith("bucket ") and each["mend"]] == []
    assert land_files(*folder.open(place)).status == "done"


def test_what_a_landing_undid_since_it_locks_the_owner_out_is_not_told_to_be_set_again(
    folder: ProjectFolder, ceph: S3Server
) -> None:
    place = Place.on(ceph)
    land_files(*folder.open(place))
    found = examined(folder.path, "--lake", place.uri, variables=place.variables)
    assert [(name, each["mend"]) for name, each in found.items() if name.startswith("bucket ") and each["mend"]] == []
    folder.path.joinpath("movies.csv").write_bytes(folder.path.joinpath("movies.csv").read_bytes() + b"\n")
    assert land_files(*folder.open(place)).status == "done"


@pytest.fixture
def in_place_of_aws(moto: S3Server) -> Mapping[str, str]:
    """Variables by which moto is asked, as a proxy, for what is asked of an address of AWS."""
    keys = {name: moto.variables[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    return {**keys, "AWS_ENDPOINT_URL_S3": "http://s3.amazonaws.com", "HTTP_PROXY": moto.endpoint, "NO_PROXY": ""}


def test_on_aws_public_access_is_blocked_by_a_command_unless_some_of_it_is(
    folder: ProjectFolder, moto: S3Server, in_place_of_aws: Mapping[str, str]
) -> None:
    place = Place.on(moto)
    client = moto.client()
    client.create_bucket(Bucket=place.name)
    found = examined(folder.path, "--lake", place.uri, variables=in_place_of_aws)["bucket public access"]
    assert (found["detail"], found["mend"]) == (
        "not blocked",
        {
            "run": f"aws s3api put-public-access-block --bucket {place.name} --public-access-block-configuration "
            '\'{"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, '
            '"RestrictPublicBuckets": true}\' --endpoint-url http://s3.amazonaws.com'
        },
    )
    client.put_public_access_block(
        Bucket=place.name, PublicAccessBlockConfiguration={"BlockPublicPolicy": True, "RestrictPublicBuckets": True}
    )
    found = examined(folder.path, "--lake", place.uri, variables=in_place_of_aws)["bucket public access"]
    assert (found["detail"], found["mend"]) == ("blocked in part: BlockPublicPolicy, RestrictPublicBuckets", None)


def call(server: S3Server, verb: str, options: Mapping[str, str]) -> None:
    """What `aws s3api VERB --NAME VALUE …` asks of a service."""
    client = server.client()
    operation = "".join(word.capitalize() for word in verb.split("-"))
    shape = client.meta.service_model.operation_model(operation).input_shape
    assert shape is not None
    names = {"--" + re.sub("(?<!^)(?=[A-Z])", "-", name).lower(): name for name in shape.members}
    told = {names[name]: json.loads(value) if value[0] in "{[" else value for name, value in options.items()}
    getattr(client, verb.replace("-", "_"))(**told)


def test_rules_and_a_policy_that_are_there_are_not_replaced_by_a_command(folder: ProjectFolder, moto: S3Server) -> None:
    place = Place.on(moto)
    client = moto.client()
    client.create_bucket(Bucket=place.name)
    rule: Any = {"ID": "mine", "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 9}}
    client.put_bucket_lifecycle_configuration(Bucket=place.name, LifecycleConfiguration={"Rules": [rule]})
    found = examined(folder.path, "--lake", place.uri, variables=place.variables)["bucket abandoned uploads"]
    assert (found["detail"], found["mend"]) == ("not dropped", None)


KEYS_TEXT = "AWS_ACCESS_KEY_ID=YOUR_KEY_ID\nAWS_SECRET_ACCESS_KEY=YOUR_SECRET"
TOKEN_TEXT = f"{KEYS_TEXT}\nAWS_SESSION_TOKEN=YOUR_SESSION_TOKEN"
POLICY_TEXT = (
    "cinelake doctor --policy > policy.json && aws iam put-user-policy --user-name YOUR_USER "
    "--policy-name cinelake --policy-document file://policy.json"
)
CLOCK_TEXT = "sudo timedatectl set-ntp true"


def test_what_mends_by_code_and_by_name_is_this() -> None:
    """Each word of it is pasted by somebody, so each is told here."""
    assert {code: (mend.text, mend.place) for code, mend in mends.BY_CODE.items()} == {
        "SignatureDoesNotMatch": (KEYS_TEXT, ".env"),
        "InvalidAccessKeyId": (KEYS_TEXT, ".env"),
        "InvalidToken": (TOKEN_TEXT, ".env"),
        "ExpiredToken": (TOKEN_TEXT, ".env"),
        "ExpiredTokenException": (TOKEN_TEXT, ".env"),
        "RequestTimeTooSkewed": (CLOCK_TEXT, None),
        "AccessDenied": (POLICY_TEXT, None),
    }
    assert {name: (mend.text, mend.place) for name, mend in mends.BY_NAME.items()} == {
        "lake.toml": ('"${EDITOR:-vi}" lake.toml', IN_PROJECT),
        ".env": ('"${EDITOR:-vi}" .env', IN_PROJECT),
        "variables": ('"${EDITOR:-vi}" .env', IN_PROJECT),
        "lake": ('uri = "file:lake"', "lake.toml, under [lake]"),
        "sources": ('"${EDITOR:-vi}" lake.toml', IN_PROJECT),
        "TMDB": ("curl --silent --show-error --head https://api.themoviedb.org", None),
        "disk": ("df -h .", IN_PROJECT),
        "disk of the lake": ("cinelake expire --builds", None),
        "credentials": (KEYS_TEXT, ".env"),
        "identity": (KEYS_TEXT, ".env"),
        "clock": (CLOCK_TEXT, None),
        "bucket": ('uri = "s3://ANOTHER-NAME"', "lake.toml, under [lake]"),
        "bucket settings": (POLICY_TEXT, None),
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CINELAKE_LAKE", "CINELAKE_LAKE=file:lake"),
        ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID=YOUR_KEY_ID"),
        ("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY=YOUR_SECRET"),
        ("AWS_SESSION_TOKEN", "AWS_SESSION_TOKEN=YOUR_SESSION_TOKEN"),
        ("AWS_CA_BUNDLE", "AWS_CA_BUNDLE=/PATH/TO/authority.pem"),
        ("AWS_REGION", "AWS_REGION=us-east-1"),
        ("TMDB_TOKEN", "TMDB_TOKEN=YOUR_READ_ACCESS_TOKEN"),
        ("TMDB_API_KEY", "TMDB_API_KEY=YOUR_API_KEY"),
        ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_S3=http://127.0.0.1:9000"),
    ],
)
def test_a_variable_is_mended_by_a_line_of_env(name: str, text: str) -> None:
    assert mend_of(VariableError(name, "is wrong", "mend it")) == Mend(text, ".env")


def test_no_mend_removes_or_gives_away_all_that_lies_below_a_folder() -> None:
    """Of those that tests provoke `examined` looks at each; here at all that the program can tell."""
    package = Path(mends.__file__).parents[1]
    modules = [*package.glob("doctor/*.py"), package / "lake" / "safety.py"]
    assert len(modules) > 8
    assert [module.name for module in modules if HARMFUL.search(module.read_text(encoding="utf-8"))] == []
    for command in ("rm -rf .cinelake", "rm -fr /", 'sudo chown -R "$(id -u)" /', "chmod -R u+w ."):
        assert HARMFUL.search(command)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (KEYS_TEXT, "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"),
        ("AWS_REGION=us-east-1\nTMDB_TOKEN=YOUR_READ_ACCESS_TOKEN", "TMDB_TOKEN"),
        ("AWS_CA_BUNDLE=/PATH/TO/authority.pem", "AWS_CA_BUNDLE"),
        ("AWS_REGION=REGION_OF_THE_BUCKET", "AWS_REGION"),
    ],
)
def test_an_example_that_was_pasted_and_not_filled_in_is_told(folder: ProjectFolder, text: str, names: str) -> None:
    folder.path.joinpath(".env").write_text(f"{text}\n", encoding="utf-8")
    found = examined(folder.path)[".env"]
    assert (found["ok"], found["detail"]) == (False, f"still holds an example in the place of {names}")
    assert found["mend"] == {"run": '"${EDITOR:-vi}" .env'}


def test_a_token_that_tmdb_s_api_lacks_is_told_to_the_end(folder: ProjectFolder) -> None:
    folder.write_settings(tmdb='source = "api"')
    found = examined(folder.path)["TMDB"]
    assert (found["ok"], found["mend"]) == (None, {"in": ".env", "write": "TMDB_TOKEN=YOUR_READ_ACCESS_TOKEN"})
    assert found["hint"]
    ended = folder.cinelake("doctor")
    assert ended.returncode == 0
    assert ended.stdout.endswith("\nnothing is wrong; see the hint at TMDB, lake\n")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("SignatureDoesNotMatch", KEYS_TEXT),
        ("InvalidClientTokenId", KEYS_TEXT),
        ("ExpiredToken", TOKEN_TEXT),
        ("PermanentRedirect", "AWS_REGION=REGION_OF_THE_BUCKET"),
        ("RequestTimeTooSkewed", "sudo timedatectl set-ntp true"),
        ("AccessDenied", POLICY_TEXT),
    ],
)
def test_what_a_service_refuses_is_mended_by_its_code(code: str, text: str) -> None:
    with pytest.raises(AccessError) as raised, lake_failures("cannot ask"):
        raise client_error(code)
    mend = mend_of(raised.value)
    assert mend is not None
    assert mend.text == text


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ProfileNotFound", "aws configure --profile word"),
        ("SSOTokenLoadError", "aws sso login"),
        ("InvalidRegionError", "AWS_REGION=us-east-1"),
        ("SSLError", "AWS_CA_BUNDLE=/PATH/TO/authority.pem"),
    ],
)
def test_what_boto3_raises_is_mended_by_its_kind(kind: str, text: str) -> None:
    from botocore import exceptions as aws

    with pytest.raises(Exception, match="cannot ask") as raised, lake_failures("cannot ask"):
        raise made(getattr(aws, kind))
    mend = mend_of(raised.value)  # type: ignore[arg-type]
    assert mend is not None
    assert mend.text == text


def test_a_wrong_region_and_an_upload_left_behind_are_mended_by_what_they_tell() -> None:
    reader = Reader("cinelake", Path(), None, {"AWS_REGION": "us-east-1"})
    region = reader.mended(compare_regions("sa-east-1", "us-east-1", on_aws=True))
    assert region.mend == Mend("export AWS_REGION=sa-east-1")
    assert "--upload-id 2~id" in LeftBehindError("lake", "2~id", "AccessDenied").command


DENIED = Finding("may write", False, "access is denied", "ask for it")


@pytest.mark.parametrize(
    ("filed", "endpoint_url", "told"),
    [
        (
            False,
            None,
            "cinelake doctor --project 'a folder' --policy > policy.json && aws iam put-user-policy "
            "--user-name YOUR_USER --policy-name cinelake --policy-document file://policy.json",
        ),
        (
            True,
            None,
            "cinelake doctor --project 'a folder' --policy > policy.json && (set -a; . 'a folder'/.env; "
            "aws iam put-user-policy --user-name YOUR_USER --policy-name cinelake "
            "--policy-document file://policy.json)",
        ),
        (True, "http://127.0.0.1:7480", "cinelake doctor --project 'a folder' --policy"),
    ],
)
def test_only_aws_is_told_a_policy_of_its_iam(filed: bool, endpoint_url: str | None, told: str) -> None:
    reader = Reader("cinelake", Path("a folder"), None, {}, endpoint_url, filed)
    assert reader.mended(replace(DENIED, mend=mends.POLICY)).mend == Mend(told)


def test_an_endpoint_in_a_command_is_one_word() -> None:
    reader = Reader("cinelake", Path(), None, {}, "http://a;b$(c)")
    found = reader.mended(replace(DENIED, mend=Mend("aws s3api list-buckets")))
    assert found.mend == Mend("aws s3api list-buckets --endpoint-url 'http://a;b$(c)'")


@pytest.mark.parametrize("name", [*mends.BY_NAME, "endpoint", "may write"])
def test_whatever_is_wrong_has_something_to_copy(name: str) -> None:
    for endpoint_url in (None, "http://127.0.0.1:9"):
        found = Reader("cinelake", Path("a folder"), None, {}, endpoint_url).mended(Finding(name, False, "it", "do"))
        assert found.mend is not None
        assert found.mend.text.strip()
        if found.mend.place is None:
            assert subprocess.run(["sh", "-n", "-c", found.mend.text], check=False, timeout=60).returncode == 0


def test_what_is_right_and_what_waits_for_something_else_has_nothing_to_copy(folder: ProjectFolder) -> None:
    land_files(*folder.open())
    result = examine(folder.path, variables={})
    assert [finding.name for finding in result.findings if finding.mend] == []


def test_a_setting_s_example_is_one_that_lake_toml_takes() -> None:
    from cinelake.config.project import EXAMPLES, TABLES

    assert set(TABLES) == set(Settings.model_fields) - {"questions"}
    for table, model in TABLES.items():
        for key in EXAMPLES.keys() & model.model_fields.keys():
            needed = {"dataset": "Movies", "path": "x.csv"} if table == "source" else {}
            model.model_validate({**needed, key: EXAMPLES[key]})
