"""`cinelake fetch imdb`: whole files or none, gone on with where they stopped, and nothing without agreement."""

import gzip
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cinelake import FetchOptions, FetchResult, fetch_imdb
from cinelake.errors import AccessError, CinelakeError, ConfigurationError, DataError, ServiceError
from cinelake.fetch.download import Patience
from cinelake.fetch.terms import URL
from imdb import COLUMNS, NAMES, UNKNOWN, Datasets, ImdbServer, invented, read_rows, serving, write_tsv
from parts import free_port, moto_server
from projects import DATE, MOVIES_HEADER, PROGRAM, SERIES_HEADER, ProjectFolder
from tables import counts_of, films_of, land_and_build, rows_of

BASICS, RATINGS, PRINCIPALS, PEOPLE = NAMES
HURRIED = Patience(silence_s=5, tries=3, wait_s=0.01, wait_at_most_s=0.02)


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Invented files, hardly packed, so that they arrive in several pieces."""
    folder = tmp_path_factory.mktemp("datasets")
    invented(titles=1500, names=1200).write(folder, level=1)
    return folder


@pytest.fixture
def imdb(datasets: Path, tmp_path: Path) -> Iterator[ImdbServer]:
    """A server of them, which the test may change."""
    shutil.copytree(datasets, tmp_path / "imdb")
    with serving(tmp_path / "imdb") as server:
        yield server


@pytest.fixture
def empty(tmp_path: Path) -> ProjectFolder:
    """A project without source files."""
    project = ProjectFolder(tmp_path / "empty")
    project.write_settings(tmdb='source = "off"')
    return project


def fetch(project: ProjectFolder, server: ImdbServer | str, **given: Any) -> FetchResult:
    """Fetches in this process, agreed."""
    url = server if isinstance(server, str) else server.url
    given = {"agreed": True, "patience": HURRIED, **given}
    return fetch_imdb(project.load(), FetchOptions(base_url=url, **given))


def fetched(project: ProjectFolder, name: str) -> Path:
    """One of IMDb's files, where a fetch keeps it."""
    return project.path / ".cinelake" / "imdb" / name


def made_of(project: ProjectFolder) -> dict[str, bytes]:
    """What lies in the project folder, the work folder and the settings aside."""
    paths = (path for path in project.path.rglob("*") if path.is_file() and ".cinelake" not in path.parts)
    return {path.name: path.read_bytes() for path in paths if path.name != "lake.toml"}


def asked_for(server: ImdbServer, name: str) -> list[dict[str, Any]]:
    """The requests for a file."""
    return [entry for entry in server.log() if entry["name"] == name]


def begin(project: ProjectFolder, server: ImdbServer, name: str, size_bytes: int, *, weak: bool = False) -> None:
    """Fetches so much of a file, in a command that fails then; the server is well again afterwards."""
    broken = {"kind": "break", "match": name, "after": size_bytes, "weak": weak, "times": 1}
    server.fail(broken, {"kind": "status", "match": name})
    with pytest.raises(ServiceError):
        fetch(project, server)
    assert fetched(project, f"{name}.part").read_bytes() == (server.folder / name).read_bytes()[:size_bytes]
    assert made_of(project) == {}
    server.fail()
    server.forget()


def small(tmp_path: Path, datasets: Datasets) -> Path:
    """A folder of these files."""
    datasets.write(tmp_path / "small")
    return tmp_path / "small"


# The terms


def test_without_agreement_nothing_is_asked_and_the_terms_are_named(empty: ProjectFolder, imdb: ImdbServer) -> None:
    ended = empty.cinelake("fetch", "imdb", "--from", imdb.url, "--json")
    assert ended.returncode == 2
    error = json.loads(ended.stdout)["error"]
    assert "personal and non-commercial use" in error["what"]
    assert "Nothing was fetched" in error["what"]
    assert URL in error["hint"]
    assert "--agree" in error["hint"]
    assert imdb.log() == []
    assert not empty.path.joinpath(".cinelake").exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 2), ("\n", 2)])
def test_at_a_terminal_the_terms_are_told_and_asked_for(
    empty: ProjectFolder, imdb: ImdbServer, answer: str, code: int
) -> None:
    ours, theirs = os.openpty()
    command = [PROGRAM, "fetch", "imdb", "--from", imdb.url]
    with subprocess.Popen(command, cwd=empty.path, stdin=theirs, stderr=theirs, stdout=subprocess.DEVNULL) as process:
        os.close(theirs)
        os.write(ours, answer.encode())
        told = bytearray()
        while block := _read_of_terminal(ours):
            told += block
    os.close(ours)
    assert URL.encode() in told
    assert b"Do you agree? [y/N]" in told
    assert process.returncode == code
    assert bool(imdb.log()) is (code == 0)


def _read_of_terminal(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # Linux says so at the end
        return b""


# What is wrong with the wish


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "file:///etc", "imdb.com", "http://me:secret@127.0.0.1", ""])
def test_an_address_that_is_none_is_refused(empty: ProjectFolder, url: str) -> None:
    with pytest.raises(ConfigurationError, match="no address") as caught:
        fetch(empty, url)
    assert "secret" not in caught.value.what


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("", "names 0 sources of Movies"),
        ('[[source]]\ndataset = "Movies"\npath = "a.csv"\n' * 2, "names 2 sources of Movies"),
        ('[[source]]\ndataset = "Movies"\npath = "in/*.csv"\n', "the source of Movies is in/*.csv"),
        ('[[source]]\ndataset = "Movies"\npath = "in/"\n', "the source of Movies is in/"),
        ('[[source]]\ndataset = "Movies"\npath = "a.csv"\nencoding = "latin-1"\n', "is latin-1"),
    ],
)
def test_a_project_that_names_no_one_file_to_make_is_refused(
    empty: ProjectFolder, imdb: ImdbServer, more: str, told: str
) -> None:
    empty.path.joinpath("lake.toml").write_text(f'{more}[[source]]\ndataset = "Series"\npath = "series.csv"\n')
    with pytest.raises(ConfigurationError) as caught:
        fetch(empty, imdb)
    assert told in caught.value.what
    assert imdb.log() == []


def test_files_that_no_fetch_made_are_never_replaced_without_being_told_to(
    folder: ProjectFolder, imdb: ImdbServer
) -> None:
    before = made_of(folder)
    with pytest.raises(ConfigurationError, match="would be lost") as caught:
        fetch(folder, imdb)
    assert "movies.csv and " in caught.value.what
    assert "--replace" in caught.value.hint
    assert (made_of(folder), imdb.log()) == (before, [])
    fetch(folder, imdb, replace=True)
    assert made_of(folder)["movies.csv"] != before["movies.csv"]


def test_a_file_that_was_changed_since_it_was_made_counts_as_the_users(empty: ProjectFolder, imdb: ImdbServer) -> None:
    fetch(empty, imdb)
    with empty.path.joinpath("series.csv").open("a") as file:
        file.write("mine")
    with pytest.raises(ConfigurationError, match="would be lost") as caught:
        fetch(empty, imdb, min_votes=20)
    assert "movies.csv" not in caught.value.what
    assert made_of(empty)["series.csv"].endswith(b"mine")


def test_a_link_to_nowhere_counts_as_the_users(empty: ProjectFolder, imdb: ImdbServer) -> None:
    empty.path.joinpath("movies.csv").symlink_to(empty.path / "nowhere")
    with pytest.raises(ConfigurationError, match="would be lost"):
        fetch(empty, imdb)


def test_more_votes_than_any_title_has_make_nothing(empty: ProjectFolder, imdb: ImdbServer) -> None:
    with pytest.raises(ConfigurationError, match="has 99,999,999,999 votes or more"):
        fetch(empty, imdb, min_votes=99_999_999_999)
    assert made_of(empty) == {}


# What goes wrong on the way


def test_nobody_at_the_address_is_told_after_some_tries(empty: ProjectFolder) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ServiceError) as caught:
        fetch(empty, url)
    assert (
        caught.value.what == f"{url}/{BASICS} cannot be fetched: the server could not be reached (Connection refused)"
    )
    assert made_of(empty) == {}


def test_a_file_that_is_not_there_is_told_at_once(empty: ProjectFolder, imdb: ImdbServer) -> None:
    (imdb.folder / PRINCIPALS).unlink()
    with pytest.raises(ServiceError, match=f"{PRINCIPALS} cannot be fetched: the server answers 404"):
        fetch(empty, imdb)
    assert len(asked_for(imdb, PRINCIPALS)) == 1
    assert made_of(empty) == {}


def test_an_address_that_has_moved_is_told_and_not_followed(empty: ProjectFolder, imdb: ImdbServer) -> None:
    imdb.fail({"kind": "status", "status": 302, "headers": {"Location": f"{imdb.url}/{PEOPLE}"}})
    with pytest.raises(ServiceError, match=r"has moved \(302\)"):
        fetch(empty, imdb)
    assert [entry["name"] for entry in imdb.log()] == [BASICS]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_fails_for_a_while_is_asked_again(empty: ProjectFolder, imdb: ImdbServer, status: int) -> None:
    imdb.fail({"kind": "status", "status": status, "match": RATINGS, "times": 2, "headers": {"Retry-After": "0"}})
    assert fetch(empty, imdb).status == "done"
    assert [entry["status"] for entry in asked_for(imdb, RATINGS)] == [status, status, 200]


def test_a_server_that_goes_on_failing_is_given_up(empty: ProjectFolder, imdb: ImdbServer) -> None:
    imdb.fail({"kind": "status", "status": 503, "match": RATINGS})
    ended = empty.cinelake("fetch", "imdb", "--agree", "--from", f"{imdb.url}/nowhere/..")
    assert ended.returncode == 5, ended.stderr
    with pytest.raises(ServiceError, match=r"the server failed \(503\)"):
        fetch(empty, imdb)
    assert len(asked_for(imdb, RATINGS)) == HURRIED.tries
    assert made_of(empty) == {}


def test_a_certificate_that_is_not_trusted_is_told_at_once(
    empty: ProjectFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with moto_server(tmp_path) as server:
        with pytest.raises(ServiceError, match=r"certificate of .* is not trusted"):
            fetch(empty, server.endpoint)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        with pytest.raises(ServiceError, match=r"the server answers 40[34]"):
            fetch(empty, server.endpoint)


def test_the_proxy_that_the_environment_names_is_asked(
    empty: ProjectFolder, imdb: ImdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ServiceError, match="could not be reached"):
        fetch(empty, imdb)
    assert imdb.log() == []


def test_what_breaks_off_is_gone_on_with_at_that_byte(empty: ProjectFolder, imdb: ImdbServer) -> None:
    imdb.fail({"kind": "break", "match": PRINCIPALS, "after": 10_000, "times": 4})  # more often than tries in vain
    result = fetch(empty, imdb)
    requests = asked_for(imdb, PRINCIPALS)
    assert [entry["range"] for entry in requests] == [None, *(f"bytes={10_000 * n}-" for n in range(1, 5))]
    assert [entry["status"] for entry in requests] == [200, *[206] * 4]
    source = (imdb.folder / PRINCIPALS).read_bytes()
    assert fetched(empty, PRINCIPALS).read_bytes() == source
    assert {each.path.name: each.sha256 for each in result.downloads}[PRINCIPALS] == hashlib.sha256(source).hexdigest()
    assert not [path.name for path in fetched(empty, "").iterdir() if ".part" in path.name]


def test_a_server_that_breaks_off_at_once_every_time_is_given_up(empty: ProjectFolder, imdb: ImdbServer) -> None:
    imdb.fail({"kind": "break", "match": BASICS, "after": 0})
    with pytest.raises(ServiceError, match="it broke off at byte 0 of"):
        fetch(empty, imdb)
    assert len(imdb.log()) == HURRIED.tries


def test_a_server_that_gives_a_little_for_ever_is_given_up(empty: ProjectFolder, imdb: ImdbServer) -> None:
    imdb.fail({"kind": "break", "match": BASICS, "after": 10})
    with pytest.raises(ServiceError, match="it broke off at byte 50 of"):
        fetch(empty, imdb, patience=Patience(tries_in_all=5))
    assert len(imdb.log()) == 5


def test_a_server_that_falls_silent_is_left_and_asked_again(empty: ProjectFolder, imdb: ImdbServer) -> None:
    imdb.fail({"kind": "stall", "match": BASICS, "after": 5000, "times": 1})
    fetch(empty, imdb, patience=Patience(silence_s=0.3, wait_s=0.01))
    assert [entry["range"] for entry in asked_for(imdb, BASICS)] == [None, "bytes=5000-"]
    assert fetched(empty, BASICS).read_bytes() == (imdb.folder / BASICS).read_bytes()


def test_what_one_command_has_begun_another_finishes(empty: ProjectFolder, imdb: ImdbServer) -> None:
    imdb.fail(
        {"kind": "break", "match": PRINCIPALS, "after": 10_000, "times": 1}, {"kind": "status", "match": PRINCIPALS}
    )
    with pytest.raises(ServiceError):
        fetch(empty, imdb)
    assert fetched(empty, f"{PRINCIPALS}.part").stat().st_size == 10_000
    assert made_of(empty) == {}
    imdb.fail()
    imdb.forget()
    fetch(empty, imdb)
    assert [(entry["name"], entry["status"]) for entry in imdb.log()] == [
        (BASICS, 304), (RATINGS, 304), (PRINCIPALS, 206), (PEOPLE, 200),
    ]  # fmt: skip
    assert fetched(empty, PRINCIPALS).read_bytes() == (imdb.folder / PRINCIPALS).read_bytes()


@pytest.mark.parametrize("kind", ["", "no-tag", "no-range", "mute"])
def test_a_file_that_changed_in_between_is_begun_anew(empty: ProjectFolder, imdb: ImdbServer, kind: str) -> None:
    begin(empty, imdb, BASICS, 9000)
    invented(titles=1500, names=1200, seed=2).write(imdb.folder, level=1)
    os.utime(imdb.folder / BASICS, (1_700_000_000,) * 2)
    imdb.fail(*[{"kind": kind, "match": BASICS}] * bool(kind))
    fetch(empty, imdb)
    assert [(entry["status"], bool(entry["range"])) for entry in asked_for(imdb, BASICS)] == [(200, True)]
    assert fetched(empty, BASICS).read_bytes() == (imdb.folder / BASICS).read_bytes()


def test_a_server_that_goes_on_with_another_file_is_not_believed(empty: ProjectFolder, imdb: ImdbServer) -> None:
    begin(empty, imdb, BASICS, 9000)
    invented(titles=1500, names=1200, seed=2).write(imdb.folder, level=1)
    imdb.fail({"kind": "bare-206", "match": BASICS})
    fetch(empty, imdb)
    assert [entry["status"] for entry in asked_for(imdb, BASICS)] == [206, 200]
    assert fetched(empty, BASICS).read_bytes() == (imdb.folder / BASICS).read_bytes()


def test_two_files_that_would_fit_together_are_not_spliced(empty: ProjectFolder, imdb: ImdbServer) -> None:
    """Gzip's own checksums are those of its parts, so they would not show it."""

    def write(title: str) -> int:
        first = gzip.compress(("\t".join(COLUMNS["title.basics"]) + f"\ntt1\tmovie\t{title}").encode(), 0, mtime=0)
        rest = f"\t{title}\t0\t2001\t\\N\t90\tDrama\n".encode()
        (imdb.folder / BASICS).write_bytes(first + gzip.compress(rest, 0, mtime=0))
        return len(first)

    write_tsv(imdb.folder / RATINGS, COLUMNS["title.ratings"], [("tt1", "5.0", "10")])
    begin(empty, imdb, BASICS, write("Old"))
    write("New")
    imdb.fail({"kind": "bare-206", "match": BASICS})
    fetch(empty, imdb)
    [row] = read_rows(empty.path / "movies.csv")
    assert (row["tituloPincipal"], row["tituloOriginal"]) == ("New", "New")


def test_a_weak_tag_is_no_reason_to_go_on_but_its_date_is(empty: ProjectFolder, imdb: ImdbServer) -> None:
    begin(empty, imdb, BASICS, 9000, weak=True)
    imdb.fail({"kind": "", "match": BASICS, "weak": True})
    fetch(empty, imdb)
    [request] = asked_for(imdb, BASICS)
    assert request["status"] == 206
    assert request["if_range"].endswith(" GMT")


def test_a_part_that_is_longer_than_the_file_is_begun_anew(empty: ProjectFolder, imdb: ImdbServer) -> None:
    begin(empty, imdb, BASICS, 9000)
    with fetched(empty, f"{BASICS}.part").open("ab") as part:
        part.write(bytes(10**6))
    fetch(empty, imdb)
    assert [entry["status"] for entry in asked_for(imdb, BASICS)] == [416, 200]
    assert fetched(empty, BASICS).read_bytes() == (imdb.folder / BASICS).read_bytes()


def test_a_part_that_was_spoilt_here_is_noticed_and_begun_anew(empty: ProjectFolder, imdb: ImdbServer) -> None:
    begin(empty, imdb, BASICS, 9000)
    part = fetched(empty, f"{BASICS}.part")
    part.write_bytes(bytes(byte ^ 255 for byte in part.read_bytes()))
    fetch(empty, imdb)
    assert [entry["status"] for entry in asked_for(imdb, BASICS)] == [206, 200]
    assert fetched(empty, BASICS).read_bytes() == (imdb.folder / BASICS).read_bytes()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-4],
        lambda data: data[:-6] + bytes(2) + data[-4:],
        lambda data: data[:5000] + bytes(1000) + data[6000:],
        lambda data: data + b"more",
        lambda data: gzip.decompress(data),
        lambda data: b"<html>blocked</html>",
        lambda data: b"",
    ],
    ids=["half", "without its length", "another checksum", "a hole", "more", "not packed", "a page", "empty"],
)
def test_a_file_that_is_no_whole_gzip_file_is_refused(empty: ProjectFolder, imdb: ImdbServer, spoil: Any) -> None:
    path = imdb.folder / PRINCIPALS
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ServiceError, match=f"{PRINCIPALS} is damaged: it is no whole gzip file"):
        fetch(empty, imdb)
    assert made_of(empty) == {}
    assert not fetched(empty, PRINCIPALS).exists()
    assert not fetched(empty, f"{PRINCIPALS}.part").exists()


def test_a_gzip_file_of_several_parts_and_much_air_is_whole(empty: ProjectFolder, imdb: ImdbServer) -> None:
    path = imdb.folder / PEOPLE
    text = gzip.decompress(path.read_bytes())
    person = "\t".join(["nm1", "x" * 1_000_000, *[UNKNOWN] * 4]).encode() + b"\n"
    path.write_bytes(gzip.compress(text[:2000]) + gzip.compress(text[2000:] + person * 20))
    assert fetch(empty, imdb).status == "done"


def test_a_server_without_lengths_and_validators_is_taken_as_it_comes(empty: ProjectFolder, imdb: ImdbServer) -> None:
    imdb.fail({"kind": "mute"})
    fetch(empty, imdb)
    imdb.forget()
    assert fetch(empty, imdb).status == "unchanged"
    assert [(entry["status"], entry["range"]) for entry in imdb.log()] == [(200, None)] * 4


def test_a_disk_without_room_is_told_before_it_is_full(empty: ProjectFolder, imdb: ImdbServer) -> None:
    imdb.fail({"kind": "huge", "match": PRINCIPALS})
    with pytest.raises(CinelakeError, match=f"{PRINCIPALS} cannot be written: the disk is full") as caught:
        fetch(empty, imdb)
    assert "make room" in caught.value.hint
    assert caught.value.exit_code == 1


def test_a_file_that_may_grow_no_more_is_told(empty: ProjectFolder, imdb: ImdbServer) -> None:
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000,) * 2); "
        "from cinelake.cli import main; sys.argv = ['cinelake', *sys.argv[1:]]; sys.exit(main())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, "fetch", "imdb", "--agree", "--from", imdb.url],
        cwd=empty.path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 4
    assert f"{BASICS} cannot be written: File too large" in ended.stderr
    assert made_of(empty) == {}
    fetch(empty, imdb)
    assert [entry["status"] for entry in asked_for(imdb, BASICS)] == [200, 206]


def test_a_folder_that_cannot_be_made_is_told(empty: ProjectFolder, imdb: ImdbServer) -> None:
    empty.path.joinpath(".cinelake").write_text("")
    with pytest.raises(AccessError, match="cannot be made"):
        fetch(empty, imdb)


def test_two_fetches_of_one_project_do_not_meet(empty: ProjectFolder, imdb: ImdbServer) -> None:
    imdb.fail({"kind": "stall", "match": BASICS, "after": 5000})
    with _fetching(empty, imdb) as process:
        imdb.wait_until_sent(BASICS, 5000)
        with pytest.raises(CinelakeError, match="another cinelake fetch is at work"):
            fetch(empty, imdb)
        process.kill()


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("name", NAMES)
def test_a_fetch_that_is_ended_in_the_middle_is_gone_on_with(
    empty: ProjectFolder, imdb: ImdbServer, name: str, ending: signal.Signals
) -> None:
    half = (imdb.folder / name).stat().st_size // 2
    imdb.fail({"kind": "stall", "match": name, "after": half})
    with _fetching(empty, imdb) as process:
        imdb.wait_until_sent(name, half)
        _wait_for_bytes(fetched(empty, f"{name}.part"), half, process)
        _end(process, ending)
    assert process.returncode == (-9 if ending == signal.SIGKILL else 130)
    assert made_of(empty) == {}
    imdb.fail()
    imdb.forget()
    assert fetch(empty, imdb).status == "done"
    assert [entry["range"] for entry in asked_for(imdb, name)] == [f"bytes={half}-"]
    for each in NAMES:
        assert fetched(empty, each).read_bytes() == (imdb.folder / each).read_bytes()


def _end(process: "subprocess.Popen[bytes]", ending: signal.Signals) -> None:
    """Sends a signal as a person does: once more where the first came just before Python began to wait, unheard."""
    for _ in range(3):
        process.send_signal(ending)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
            return


def _fetching(project: ProjectFolder, server: ImdbServer) -> "subprocess.Popen[bytes]":
    command = [PROGRAM, "fetch", "imdb", "--agree", "--quiet", "--from", server.url]
    return subprocess.Popen(command, cwd=project.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _wait_for_bytes(path: Path, size_bytes: int, process: "subprocess.Popen[bytes]") -> None:
    """Returns once what the server has sent has been written, too."""
    while not path.exists() or path.stat().st_size < size_bytes:
        assert process.poll() is None


def test_a_fetch_that_was_killed_between_its_two_files_is_finished_by_the_next(
    empty: ProjectFolder, imdb: ImdbServer
) -> None:
    fetch(empty, imdb)
    earlier = made_of(empty)
    fetch(empty, imdb, min_votes=50)
    wanted = made_of(empty)
    empty.path.joinpath("series.csv").write_bytes(earlier["series.csv"])  # as a kill between the two leaves it
    assert fetch(empty, imdb, min_votes=50).status == "done"
    assert made_of(empty) == wanted


# What is not fetched again


def test_what_has_not_changed_is_neither_fetched_nor_made_again(empty: ProjectFolder, imdb: ImdbServer) -> None:
    first = fetch(empty, imdb)
    inodes = {name: empty.path.joinpath(name).stat().st_ino for name in ("movies.csv", "series.csv")}
    imdb.forget()
    second = fetch(empty, imdb)
    assert [(entry["status"], entry["bytes"]) for entry in imdb.log()] == [(304, 0)] * 4
    assert (second.status, second.made) == ("unchanged", first.made)
    assert {each.action for each in second.downloads} == {"unchanged"}
    assert {name: empty.path.joinpath(name).stat().st_ino for name in inodes} == inodes


def test_a_server_that_tells_only_dates_is_asked_by_them(empty: ProjectFolder, imdb: ImdbServer) -> None:
    imdb.fail({"kind": "no-tag"})
    fetch(empty, imdb)
    imdb.forget()
    assert fetch(empty, imdb).status == "unchanged"
    assert {entry["status"] for entry in imdb.log()} == {304}


def test_a_new_day_s_files_take_the_place_of_what_a_fetch_made(empty: ProjectFolder, imdb: ImdbServer) -> None:
    fetch(empty, imdb)
    before = made_of(empty)
    invented(titles=1500, names=1200, seed=2).write(imdb.folder, level=1)
    assert fetch(empty, imdb).status == "done"
    assert made_of(empty)["movies.csv"] != before["movies.csv"]


def test_a_fetched_file_that_was_spoilt_is_fetched_again(empty: ProjectFolder, imdb: ImdbServer) -> None:
    fetch(empty, imdb)
    path = fetched(empty, BASICS)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    imdb.forget()
    assert fetch(empty, imdb).status == "unchanged"
    assert [entry["status"] for entry in imdb.log()] == [200, 304, 304, 304]
    assert path.read_bytes() == (imdb.folder / BASICS).read_bytes()


def test_other_wishes_make_other_files_of_what_is_here(empty: ProjectFolder, imdb: ImdbServer) -> None:
    every = fetch(empty, imdb)
    known = fetch(empty, imdb, min_votes=20)
    assert known.status == "done"
    assert {each.action for each in known.downloads} == {"unchanged"}
    assert 0 < known.made[0].titles < every.made[0].titles
    assert min(int(row["numeroVotos"]) for row in read_rows(empty.path / "movies.csv")) >= 20


def test_a_file_that_is_gone_is_made_again(empty: ProjectFolder, imdb: ImdbServer) -> None:
    fetch(empty, imdb)
    before = made_of(empty)
    empty.path.joinpath("movies.csv").unlink()
    assert fetch(empty, imdb).status == "done"
    assert made_of(empty) == before


# What is made


def test_what_is_made_is_answered_from_with_every_row_accounted_for(empty: ProjectFolder, imdb: ImdbServer) -> None:
    document = empty.document("fetch", "imdb", "--agree", "--from", imdb.url)
    assert {file["dataset"]: file["path"] for file in document["files"]} == {
        "Movies": str(empty.path / "movies.csv"), "Series": str(empty.path / "series.csv"),
    }  # fmt: skip
    for file in document["files"]:
        data = Path(file["path"]).read_bytes()
        rows = read_rows(Path(file["path"]))
        told = (file["bytes"], file["sha256"], file["rows"], file["titles"])
        assert told == (len(data), hashlib.sha256(data).hexdigest(), len(rows), len({row["id"] for row in rows}))
    run = {stage["stage"]: stage for stage in empty.document("run", "--date", DATE)["stages"]}
    sources = {source["dataset"]: source for source in run["build"]["sources"]}
    for file in document["files"]:
        source = sources[file["dataset"]]
        assert (source["rows_in"], source["rows_out"], source["rows_rejected"]) == (file["rows"], file["rows"], 0)
    titles = {
        row["kind"]: row["titles"]
        for row in empty.document("sql", "SELECT kind, COUNT(*) AS titles FROM trusted.titles GROUP BY kind")["rows"]
    }
    assert titles == {"film": document["files"][0]["titles"], "series": document["files"][1]["titles"]}
    answered = {(row["kind"], row["genre"]): row["titles"] for row in empty.document("ask", "films-vs-series")["rows"]}
    wanted = {row["id"] for row in read_rows(empty.path / "movies.csv") if "Drama" in row["genero"].split(",")}
    assert answered["film", "Drama"] == len(wanted) > 0


def test_the_files_are_those_that_the_inputs_say(empty: ProjectFolder, imdb: ImdbServer, tmp_path: Path) -> None:
    """A second, slow way to the same rows."""
    fetch(empty, imdb)
    datasets = invented(titles=1500, names=1200)
    ratings = {tconst: (rating, votes) for tconst, rating, votes in datasets.ratings}
    names = {row[0]: row[1:] for row in datasets.names}
    for dataset, kinds in (("movies", ["movie"]), ("series", ["tvSeries", "tvMiniSeries"])):
        expected = []
        for tconst, kind, title, original, adult, begin, end, minutes, genres in sorted(
            datasets.basics, key=lambda row: (len(row[0]), row[0])
        ):
            if kind not in kinds or adult == "1" or tconst not in ratings:
                continue
            told = [tconst, title, original, begin, *([end] if dataset == "series" else []), minutes, genres]
            told += ratings[tconst]
            artists = sorted(
                (int(row[1]), row[2], row[3], row[5])
                for row in datasets.principals
                if row[0] == tconst and row[3] in ("actor", "actress")
            )
            for _, nconst, category, characters in artists:
                played = UNKNOWN if characters == UNKNOWN else ", ".join(json.loads(characters))
                expected.append([*told, category, played, *names.get(nconst, [UNKNOWN] * 5)])
            if not artists:
                expected.append([*told, *[UNKNOWN] * 7])
        assert [list(row.values()) for row in read_rows(empty.path / f"{dataset}.csv")] == expected
        assert len(expected) > 100


def test_the_header_is_the_one_of_the_contract(empty: ProjectFolder, imdb: ImdbServer) -> None:
    fetch(empty, imdb)
    assert made_of(empty)["movies.csv"].decode().splitlines()[0] == MOVIES_HEADER
    assert made_of(empty)["series.csv"].decode().splitlines()[0] == SERIES_HEADER


def test_which_titles_and_artists_are_taken(empty: ProjectFolder, tmp_path: Path) -> None:
    datasets = Datasets()
    for number, kind in enumerate(
        ["movie", "tvSeries", "tvMiniSeries", "tvMovie", "short", "video", "tvEpisode", "tvSpecial", "videoGame"]
    ):
        datasets.add_title(f"tt000000{number}", kind)
    datasets.add_title("tt0000010", isAdult="1")
    datasets.add_title("tt0000011", averageRating=UNKNOWN)
    datasets.add_title("tt0000012", isAdult=UNKNOWN)
    datasets.ratings.append(("tt0000099", "5.0", "10"))  # of no title
    for ordering, category in enumerate(["director", "actress", "self", "actor", "writer"], start=1):
        datasets.add_artist("tt0000000", ordering, f"nm000000{ordering}", category)
    datasets.add_artist("tt0000012", 1, "nm0000001", "director")
    datasets.add_name("nm0000002", "Her")
    with serving(small(tmp_path, datasets)) as server:
        fetch(empty, server)
    rows = [(row["id"], row["generoArtista"], row["nomeArtista"]) for row in read_rows(empty.path / "movies.csv")]
    assert rows == [
        ("tt0000000", "actress", "Her"),
        ("tt0000000", "actor", UNKNOWN),  # IMDb's list of names lags behind at times
        ("tt0000012", UNKNOWN, UNKNOWN),
    ]
    assert [row["id"] for row in read_rows(empty.path / "series.csv")] == ["tt0000001", "tt0000002"]


@pytest.mark.parametrize(
    ("characters", "written"),
    [
        (r'["Self"]', "Self"),
        (r'["A \"B\" C","D, E"]', 'A "B" C, D, E'),
        (r'["Ação \\ 雨"]', "Ação \\ 雨"),
        (r'["\u00c9t\u00e9"]', "Été"),
        ("[]", UNKNOWN),
        (UNKNOWN, UNKNOWN),
        ('["broken', '["broken'),
        ("no list", "no list"),
        ("12", "12"),
    ],
)
def test_the_characters_of_a_list_are_written_side_by_side(
    empty: ProjectFolder, tmp_path: Path, characters: str, written: str
) -> None:
    datasets = Datasets()
    datasets.add_title("tt1")
    datasets.add_artist("tt1", 1, "nm1", characters=characters)
    with serving(small(tmp_path, datasets)) as server:
        fetch(empty, server)
    assert [row["personagem"] for row in read_rows(empty.path / "movies.csv")] == [written]


def test_rows_stand_in_the_order_of_imdbs_numbers_whatever_that_of_the_files(
    empty: ProjectFolder, tmp_path: Path
) -> None:
    datasets = Datasets()
    for tconst in ("tt10000000", "tt9999999", "tt0000003"):
        datasets.add_title(tconst)
        for ordering in (10, 9, 1):
            datasets.add_artist(tconst, ordering, f"nm{ordering}")
    for ordering in (1, 9, 10):
        datasets.add_name(f"nm{ordering}", str(ordering))
    with serving(small(tmp_path, datasets)) as server:
        fetch(empty, server)
        first = made_of(empty)
        for rows in (datasets.basics, datasets.ratings, datasets.principals, datasets.names):
            rows.reverse()
        datasets.write(server.folder)
        assert fetch(empty, server).status == "done"
    assert made_of(empty) == first
    found = [(row["id"], row["nomeArtista"]) for row in read_rows(empty.path / "movies.csv")]
    ids = ("tt0000003", "tt9999999", "tt10000000")
    assert found == [(each, name) for each in ids for name in ("1", "9", "10")]


FIELD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r\0"), max_size=12).filter(
    lambda text: text != UNKNOWN
)


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    texts=st.lists(
        st.tuples(FIELD, FIELD, FIELD, st.lists(FIELD.filter(bool), min_size=1, max_size=3)), min_size=1, max_size=8
    )
)
def test_what_is_written_reads_back_as_the_very_values(
    served: ImdbServer, empty: ProjectFolder, texts: list[tuple[str, str, str, list[str]]]
) -> None:
    datasets = Datasets()
    for number, (title, name, profession, characters) in enumerate(texts):
        tconst, nconst = f"tt{number:07}", f"nm{number:07}"
        datasets.add_title(tconst, title=title)
        datasets.add_artist(tconst, 1, nconst, characters=json.dumps(characters, ensure_ascii=False))
        datasets.add_name(nconst, name, primaryProfession=profession)
    datasets.write(served.folder)
    fetch(empty, served)
    expected = [(title, name, job, ", ".join(characters)) for title, name, job, characters in texts]
    columns = ("tituloPincipal", "nomeArtista", "profissao", "personagem")
    assert [tuple(row[name] for name in columns) for row in read_rows(empty.path / "movies.csv")] == expected
    result = land_and_build(empty)
    titles = films_of(empty, result)
    credited = [row for row in rows_of(empty, result, "trusted.credits", order="row_number") if row["kind"] == "film"]
    assert [
        (titles[row["imdb_id"]]["title"], row["artist"], row["professions"], row["character"]) for row in credited
    ] == expected
    assert counts_of(result) == (len(texts), len(texts), 0)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImdbServer]:
    """A server whose files each example writes anew."""
    with serving(tmp_path_factory.mktemp("served")) as server:
        yield server


def test_a_source_with_other_signs_is_written_in_them(empty: ProjectFolder, imdb: ImdbServer) -> None:
    fetch(empty, imdb)
    rows = read_rows(empty.path / "movies.csv")
    text = empty.path.joinpath("lake.toml").read_text()
    empty.path.joinpath("lake.toml").write_text(
        text.replace('"movies.csv"', '"in/films.csv"\ndelimiter = ";"\nnull = "NULL"')
    )
    fetch(empty, imdb)
    lines = empty.path.joinpath("in", "films.csv").read_text().splitlines()
    assert lines[0] == MOVIES_HEADER.replace("|", ";")
    assert ";NULL;" in "".join(lines)
    assert UNKNOWN not in "".join(lines)
    assert len(lines) == len(rows) + 1


# What is not IMDb's


def test_a_column_that_lacks_is_named(empty: ProjectFolder, imdb: ImdbServer) -> None:
    write_tsv(imdb.folder / PEOPLE, ("nconst", "name"), [])
    with pytest.raises(DataError, match=f"{PEOPLE} lacks the columns primaryName, birthYear"):
        fetch(empty, imdb)


def test_further_columns_and_another_order_are_fine(empty: ProjectFolder, tmp_path: Path) -> None:
    datasets = Datasets()
    datasets.add_title("tt1", title="One")
    with serving(small(tmp_path, datasets)) as server:
        columns = ("more", *reversed(COLUMNS["title.basics"]))
        write_tsv(server.folder / BASICS, columns, [("x", *reversed(datasets.basics[0]))])
        fetch(empty, server)
    assert [row["tituloPincipal"] for row in read_rows(empty.path / "movies.csv")] == ["One"]


@pytest.mark.parametrize(
    "line",
    [b"tt1\tmovie\n", b"tt1\tmovie\ta\ta\t0\t1\t1\t1\tDrama\tmore\n", b"tt1\tmovie\t\xff\ta\t0\t1\t1\t1\tDrama\n"],
    ids=["too few fields", "too many", "not UTF-8"],
)
def test_a_line_that_is_not_as_imdb_says_is_refused_and_nothing_made(
    empty: ProjectFolder, imdb: ImdbServer, line: bytes
) -> None:
    path = imdb.folder / BASICS
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + line))
    with pytest.raises(DataError, match="not as IMDb describes them"):
        fetch(empty, imdb)
    assert made_of(empty) == {}


def test_votes_that_are_no_number_are_refused(empty: ProjectFolder, imdb: ImdbServer) -> None:
    write_tsv(imdb.folder / RATINGS, COLUMNS["title.ratings"], [("tt99999000", "5.0", "many")])
    with pytest.raises(DataError, match="many"):
        fetch(empty, imdb)


# Memory


def test_memory_does_not_grow_with_the_artists_of_titles_that_are_not_taken(
    empty: ProjectFolder, imdb: ImdbServer
) -> None:
    """Most of IMDb's artists are those of episodes."""
    long = "x" * 3000
    principals = ((f"tt{number}", "1", f"nm{number}", "actor", UNKNOWN, f'["{long}"]') for number in range(200_000))
    write_tsv(imdb.folder / PRINCIPALS, COLUMNS["title.principals"], principals, level=1)
    command = [PROGRAM, "fetch", "imdb", "--agree", "--quiet", "--from", imdb.url]
    # A program's peak is that of the one which started it, too: here of a small one, not of a worker of tests.
    measure = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    told = subprocess.run(
        [sys.executable, "-c", measure, *command], cwd=empty.path, check=True, capture_output=True, text=True
    )
    peak_bytes = int(told.stdout) * 1024
    assert peak_bytes < 450e6  # of 600 MB


def test_memory_that_is_too_little_is_told(empty: ProjectFolder, imdb: ImdbServer) -> None:
    empty.write_settings(tmdb='source = "off"', more='[engine]\nmemory = "10MB"')
    with pytest.raises(CinelakeError, match="cannot be joined") as caught:
        fetch(empty, imdb)
    assert "engine.memory" in caught.value.hint
    assert made_of(empty) == {}


def test_what_does_not_fit_in_memory_spills(empty: ProjectFolder, imdb: ImdbServer) -> None:
    empty.write_settings(tmdb='source = "off"', more='[engine]\nmemory = "300MB"')
    principals = (
        (f"tt{99_999_000 + number % 1500 * 7}", str(number), f"nm{number}", "actor", UNKNOWN, f'["{number:0>1500}"]')
        for number in range(350_000)
    )
    write_tsv(imdb.folder / PRINCIPALS, COLUMNS["title.principals"], principals, level=1)
    result = fetch(empty, imdb)
    assert sum(each.bytes for each in result.made) > 100e6
    assert len(read_rows(empty.path / "movies.csv")) == result.made[0].rows
    assert [path.name for path in empty.path.joinpath(".cinelake").iterdir()] == ["imdb"]
