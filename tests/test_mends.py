"""What the doctor says mends what is wrong in a project folder and at a lake in one; what can be run here is run."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cinelake import Finding, Mend
from cinelake.config import FolderLake
from cinelake.doctor.findings import IN_PROJECT
from cinelake.doctor.folder import _make_writable, look_at_folder
from cinelake.doctor.lines import place_of
from cinelake.doctor.mends import Reader, mend_of
from cinelake.lake.failures import lake_failures
from cinelake.land.sources import UnfitFileError
from mending import KEYS, WITH_PROGRAM, Fault, examined, filled, put_into, shell, wrong
from projects import PROGRAM, ProjectFolder
from refusals import as_ordinary_user


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
