"""The how-to pages: each command is run as it is written, and prints what the page says.

What is typed and shown is the same in both languages to the letter, so it is run from the English pages.
"""

import configparser
import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from cinelake.config.settings import Source
from cinelake.engine.contract import CONTRACTS
from cinelake.errors import ExitCode
from conftest import missing
from parts import moto_server, rclone_server
from projects import Place, ProjectFolder, S3Server
from tables import build, make_all
from test_docs import BLOCK, DOCS, blocks_of, type_as_shown, write_files
from tmdb import ask_tmdb

GENRE = ("another-genre.md", "pt/outro-genero.md")
SOURCE = ("another-source.md", "pt/outros-arquivos.md")
STORES = ("s3-compatible-stores.md", "pt/outros-armazenamentos.md")
DAILY = ("daily.md", "pt/todo-dia.md")
BACKFILL = ("backfill.md", "pt/datas-passadas.md")
SNAPSHOT = ("share-a-snapshot.md", "pt/repassar-um-snapshot.md")
EVIDENCE = ("hand-in-the-evidence.md", "pt/entregar-as-evidencias.md")
PAIRS = [GENRE, SOURCE, STORES, DAILY, BACKFILL, SNAPSHOT, EVIDENCE]

UNIT = re.compile(r"`(cinelake\.\w+)`:?\n```ini\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A unit of systemd's, which the line above it names."""


def follow(name: str, folder: Path, variables: Mapping[str, str] | None = None) -> None:
    """Writes the files of a page, then runs its commands in their order; each must print what the page says."""
    type_as_shown(write_files(DOCS / name, folder), folder, variables)


@pytest.mark.parametrize(("english", "portuguese"), PAIRS)
def test_both_languages_type_and_are_shown_the_same(english: str, portuguese: str) -> None:
    blocks = [BLOCK.findall((DOCS / name).read_text(encoding="utf-8")) for name in (english, portuguese)]
    shapes = [[(language, text) for _, language, text in each] for each in blocks]
    assert shapes[0] == shapes[1] != []


@pytest.mark.parametrize("name", [name for pair in PAIRS for name in pair])
def test_a_page_fits_a_sitting(name: str) -> None:
    lines = DOCS.joinpath(name).read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 70
    assert max(len(line) for line in lines if not line.startswith("|")) <= 130


@pytest.mark.parametrize("name", [pair[0] for pair in (GENRE, SOURCE, DAILY, BACKFILL, SNAPSHOT)])
def test_what_is_typed_prints_what_the_page_says(tmp_path: Path, name: str) -> None:
    follow(name, tmp_path)


@pytest.mark.parametrize("name", SOURCE)
def test_the_page_names_every_column_of_the_contract_and_every_key_of_a_source(name: str) -> None:
    page = DOCS.joinpath(name).read_text(encoding="utf-8")
    columns = {column.name for contract in CONTRACTS.values() for column in contract}
    assert {each for each in columns if f"`{each}`" not in page} == set()
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(Source.model_fields) - {"format"}


@pytest.mark.parametrize("name", STORES[:1])
@pytest.mark.parametrize("store", ["moto", "rclone"])
def test_another_store_is_set_up_as_the_page_says(tmp_path: Path, name: str, store: str) -> None:
    with moto_server() if store == "moto" else rclone_server(tmp_path / "store") as server:
        folder = tmp_path / "project"
        folder.mkdir()
        follow(name, folder, server.variables)
        assert told_of(name, server.name) == found_of(server, folder.joinpath("told.txt").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", STORES)
def test_what_ceph_lacks_is_what_the_page_says(folder: ProjectFolder, ceph: S3Server, name: str) -> None:
    landed = folder.cinelake("land", place=Place.on(ceph))
    assert landed.returncode == 0, landed.stderr
    assert told_of(name, "Ceph") == found_of(ceph, landed.stderr)


def told_of(name: str, store: str) -> list[str]:
    """The column of a store in the table of what each lacks, in English, but for its last row."""
    table = DOCS.joinpath(name).read_text(encoding="utf-8").partition("| | moto")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in row.strip("| ").split("|")] for row in f"moto{table}".splitlines()]
    column = next(number for number, cell in enumerate(rows[0], start=1) if cell.startswith(store))
    words = {"sim": "set", "falta": "lacks", "em parte": "in part", "não": "no"}
    settings, [secret, _] = [row[column] for row in rows[2:-2]], [row[column] for row in rows[-2:]]
    return [*(words.get(cell, cell) for cell in settings), "yes" if secret in ("yes", "sim") else "no"]


def found_of(server: S3Server, told: str) -> list[str]:
    """What a landing told of a new bucket's settings, in the words of the page."""
    names = ["the block of public access", "versioning", "default encryption", "the removal of abandoned uploads"]
    lines = [next(line for line in told.splitlines() if name in line) for name in names]
    found = ["set" if line.startswith("land: set ") else "lacks" for line in lines]
    if "undone: the block of public ACLs" in told:
        found[0] = "in part"
    return [*found, "yes" if server.signatures else "no"]


def test_what_tmdb_was_asked_for_is_a_snapshot_for_another_project_which_does_not_know_its_age(
    landed: ProjectFolder, tmp_path: Path
) -> None:
    ask_tmdb(landed)
    build(landed)
    shutil.copytree(landed.path / "lake/Raw/TMDB", tmp_path / "other/from/TMDB")
    other = ProjectFolder(tmp_path / "other")
    other.write_small()
    other.write_settings(tmdb='source = "snapshot"\nsnapshot = "from/TMDB/**/*.json"')
    make_all(other)
    columns = "imdb_id, tmdb_id, popularity, budget, revenue"
    rows = [each.document("sql", f"SELECT {columns} FROM tmdb ORDER BY ALL")["rows"] for each in (landed, other)]
    assert rows[0] == rows[1] != []
    asked = [each.document("sql", "SELECT MAX(asked_at) AS at FROM tmdb")["rows"][0]["at"] for each in (landed, other)]
    assert asked[0] < asked[1]


@pytest.mark.parametrize("name", EVIDENCE[:1])
def test_the_evidence_is_handed_in_as_the_page_says(tmp_path: Path, name: str) -> None:
    with moto_server() as server:
        follow(name, tmp_path, server.variables)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with a project, and cinelake's environment where the page has it."""
    program = tmp_path / "cinelake/.venv/bin"
    program.parent.mkdir(parents=True)
    program.symlink_to(Path(sys.executable).parent, target_is_directory=True)
    ProjectFolder(tmp_path / "films").write_small()
    return tmp_path


@pytest.mark.parametrize("name", DAILY[:1])
def test_cron_can_read_the_lines_and_runs_their_commands(home: Path, name: str) -> None:
    [table] = blocks_of(name, "text")
    for line in table.splitlines():
        *fields, command = line.split(maxsplit=5)
        for field, last in zip(fields, (59, 23, 31, 12, 7), strict=True):
            assert field == "*" or 0 <= int(field) <= last
        assert "%" not in command, "cron takes it for a line end"
        ended = as_cron(command, home)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    told = home.joinpath("films/run.log").read_text(encoding="utf-8")
    assert "report  done" in told
    assert "no record of TMDB's is older than 180 days" in told


@pytest.mark.parametrize("name", DAILY[:1])
def test_cron_leaves_out_a_run_while_another_goes_on(home: Path, name: str) -> None:
    command = blocks_of(name, "text")[0].splitlines()[0].split(maxsplit=5)[5]
    with home.joinpath("films/run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = as_cron(command, home)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert not home.joinpath("films/lake").exists()


@pytest.mark.parametrize("name", DAILY[:1])
def test_systemd_takes_the_units_and_the_service_runs(home: Path, name: str) -> None:
    units = dict(UNIT.findall(DOCS.joinpath(name).read_text(encoding="utf-8")))
    assert set(units) == {"cinelake.service", "cinelake.timer"}
    folder = home / ".config/systemd/user"
    folder.mkdir(parents=True)
    for file, text in units.items():
        folder.joinpath(file).write_text(text, encoding="utf-8")
    if shutil.which("systemd-analyze") is None:
        missing("no systemd-analyze here (apt install systemd)")
    else:
        looked = subprocess.run(
            ["systemd-analyze", "verify", "--user", *(f"./{file}" for file in units)],
            cwd=folder,
            env={**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (looked.returncode, looked.stderr) == (0, "")
    service = read_unit(units["cinelake.service"])["Service"]
    timer = read_unit(units["cinelake.timer"])
    assert (service["Type"], timer["Timer"]["Persistent"]) == ("oneshot", "true")
    assert timer["Install"]["WantedBy"] == "timers.target"
    ended = as_cron(
        service["ExecStart"].replace("%h", str(home)), Path(service["WorkingDirectory"].replace("%h", str(home)))
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "report  done" in ended.stdout


@pytest.mark.parametrize("name", DAILY)
def test_every_exit_code_is_told(name: str) -> None:
    told = re.findall(r"^\| (\d+) \|", DOCS.joinpath(name).read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(code) for code in told] == sorted(ExitCode)


def as_cron(command: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command as cron does: by `sh`, in the home folder, with hardly any variables."""
    kept = {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=home,
        env={**kept, "HOME": str(home), "PATH": "/usr/bin:/bin", "LOGNAME": "somebody"},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def read_unit(text: str) -> configparser.ConfigParser:
    """A unit of systemd's."""
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(text)
    return unit
