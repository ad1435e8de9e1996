"""The doctor: what is set up, what is missing and how to mend it; nothing is written, and no secret is told."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam import aws_managed_policies

from cinelake import ConfigurationError, DoctorResult, Finding, examine, land_files
from cinelake.doctor import find_policy, least_policy
from cinelake.doctor.bucket import TRIAL, compare_regions
from cinelake.doctor.credentials import hide
from cinelake.doctor.endpoint import compare_clocks
from parts import free_port, moto_server
from projects import Place, ProjectFolder, S3Server
from refusals import as_ordinary_user, files_below
from tmdb import point_at, serving

NOBODY = "http://127.0.0.1:9"
SECRET, TOKEN = "secret-of-mine-5d0f", "token-of-mine-91ab"
SETTINGS = ("public access", "versions", "encryption", "abandoned uploads", "plain HTTP")
PERMISSIONS = ("may list", "may read", "may see versioning", "may list uploads", "may write")


def examined(folder: ProjectFolder, place: Place | None = None, **variables: str) -> DoctorResult:
    """What the doctor finds in the project folder, with its lake where `place` is."""
    given = {**(place.variables if place else {}), **variables}
    return examine(folder.path, lake_uri=place.uri if place else None, variables=given)


def by_name(result: DoctorResult) -> dict[str, Finding]:
    """The findings; no two have one name."""
    found = {finding.name: finding for finding in result.findings}
    assert len(found) == len(result.findings)
    return found


def wrong(result: DoctorResult) -> list[str]:
    """The names of what is wrong, each of which tells how to mend it."""
    failed = [finding for finding in result.findings if finding.ok is False]
    assert all(finding.hint for finding in failed)
    return [finding.name for finding in failed]


def client_of(place: Place) -> Any:
    assert place.server is not None
    return place.server.client()


def traces(place: Place) -> dict[str, Any]:
    """All that lies in a bucket: objects, versions and open uploads."""
    client, left = client_of(place), {}
    for ask, field in (("list_object_versions", "Versions"), ("list_multipart_uploads", "Uploads")):
        try:
            left[field] = getattr(client, ask)(Bucket=place.name).get(field, [])
        except ClientError as error:
            code = error.response["Error"]["Code"]
            left[field] = [] if code == "NoSuchUpload" else code  # as rclone says that there are none
    return {**left, **place.objects()}


@contextmanager
def http_server(*, date: str = "", body: bytes = b"", code: int = 404) -> Iterator[tuple[str, list[str]]]:
    """A server that gives one answer to all requests; yields its address and the list of what it was asked."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_response_only(code)
            if date:
                self.send_header("Date", date)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_POST = do_PUT = do_DELETE = do_CONNECT = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# Where all is well


@pytest.mark.parametrize(
    ("tmdb", "variables", "ok", "detail"),
    [
        ('source = "off"', {}, None, "is left out"),
        ('source = "snapshot"\nsnapshot = "tmdb.jsonl"', {}, True, "a snapshot: 1 file"),
        ('source = "snapshot"\nsnapshot = "absent.jsonl"', {}, False, "the snapshot absent.jsonl is missing"),
        ('source = "api"', {}, None, "run goes on without TMDB"),
    ],
    ids=["off", "snapshot", "no snapshot", "no token"],
)
def test_where_tmdb_s_records_come_from_is_told(
    folder: ProjectFolder, tmdb: str, variables: dict[str, str], ok: bool | None, detail: str
) -> None:
    folder.write_settings(tmdb=tmdb)
    found = by_name(examined(folder, None, **variables))["TMDB"]
    assert found.ok is ok
    assert detail in found.detail
    assert "a-token" not in found.detail


@pytest.mark.parametrize(
    ("variables", "ok", "detail"),
    [
        ({"TMDB_TOKEN": "the-right-one"}, True, "with TMDB_TOKEN, which it accepts"),
        ({"TMDB_API_KEY": "the-right-one"}, True, "with TMDB_API_KEY, which it accepts"),
        ({"TMDB_TOKEN": "the-wrong-one"}, False, "TMDB refuses the credential in TMDB_TOKEN (401"),
    ],
    ids=["token", "key", "wrong token"],
)
def test_tmdb_is_asked_whether_it_takes_the_token_and_for_nothing_else(
    folder: ProjectFolder, variables: dict[str, str], ok: bool, detail: str
) -> None:
    folder.write_records("tmdb.jsonl", [])
    with serving(folder.path / "tmdb.jsonl", "--token", "the-right-one") as server:
        point_at(folder, server)
        found = by_name(examined(folder, None, **variables))["TMDB"]
        assert server.paths() == ["/3/authentication"]
    assert found.ok is ok
    assert detail in found.detail
    assert "-one" not in found.detail + found.hint


def test_a_tmdb_that_cannot_be_reached_is_told_and_is_nothing_wrong_here(folder: ProjectFolder) -> None:
    folder.write_settings(tmdb=f'source = "api"\nbase_url = "http://127.0.0.1:{free_port()}"')
    found = by_name(examined(folder, None, TMDB_TOKEN="a-token"))["TMDB"]
    assert found.ok is None
    assert "cannot be used: it could not be reached" in found.detail
    assert "check the network" in found.hint


def test_before_the_first_landing_nothing_is_wrong_and_nothing_is_made(folder: ProjectFolder, place: Place) -> None:
    before = files_below(folder.path)
    result = examined(folder, place)
    assert wrong(result) == []
    lake = by_name(result)["bucket" if place.server else "lake"]
    assert (lake.ok, lake.hint) == (None, "cinelake land makes it")
    assert files_below(folder.path) == before
    if place.server:
        with pytest.raises(ClientError, match="404"):
            client_of(place).head_bucket(Bucket=place.name)
    else:
        assert not Path(place.name).exists()


def test_after_a_landing_every_permission_was_tried_and_nothing_is_left(folder: ProjectFolder, place: Place) -> None:
    land_files(*folder.open(place))
    before = traces(place) if place.server else place.objects()
    result = examined(folder, place)
    assert wrong(result) == []
    found = by_name(result)
    if place.server is None:
        assert (found["lake"].ok, found["may write"].ok) == (True, True)
        assert found["credentials"].ok is None
        assert place.objects() == before
        return
    names = ("credentials", "endpoint", "clock", "identity", "bucket", "bucket region", *PERMISSIONS)
    assert [name for name in names if found[name].ok is not True] == []
    assert found["may read"].detail.startswith("read _manifests/land/")
    assert {f"bucket {subject}" for subject in SETTINGS} <= set(found)
    assert traces(place) == before


def test_a_bucket_without_a_manifest_has_nothing_to_read(folder: ProjectFolder, bucket_place: Place) -> None:
    client_of(bucket_place).create_bucket(Bucket=bucket_place.name)
    result = examined(folder, bucket_place)
    assert wrong(result) == []
    assert by_name(result)["may read"] == Finding("may read", None, "not tried: there is no manifest yet")


def test_the_words_are_a_line_a_finding_with_its_hint_below_and_all_on_stdout(
    folder: ProjectFolder, tmp_path: Path
) -> None:
    ended = folder.cinelake("doctor", "-q", place=Place.in_folder(tmp_path / "lake"))
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert f"ok    lake.toml: read: {folder.path / 'lake.toml'}" in lines
    place = lines.index(f"-     lake: file:{tmp_path}/lake is not there yet")
    assert lines[place + 1 : place + 3] == ["      hint: cinelake land makes it", "      run:"]
    assert lines[place + 3].endswith(f"cinelake land --lake file:{tmp_path}/lake")
    assert lines[-2:] == ["", "nothing is wrong; see the hint at lake"]


def test_the_document_says_what_the_words_say(folder: ProjectFolder) -> None:
    folder.path.joinpath("movies.csv").unlink()
    words, ended = folder.cinelake("doctor"), folder.cinelake("doctor", "--json")
    assert (words.returncode, ended.returncode) == (1, 1)
    document = json.loads(ended.stdout)
    assert (document["stage"], document["status"], document["lake"]) == ("doctor", "failed", "file:lake")
    assert document["project"] == str(folder.path)
    assert document["policy"] is None
    for finding in document["findings"]:
        assert set(finding) == {"name", "ok", "detail", "hint", "mend"}
        if finding["name"] != "disk":  # what is free differs from run to run
            assert f"{finding['name']}: {finding['detail']}\n" in words.stdout
    assert words.stdout.endswith("\nwrong: sources\n")


# The project folder


def test_a_folder_without_lake_toml_is_told_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    folder = ProjectFolder(tmp_path / "empty")
    ended = folder.cinelake("doctor")
    assert ended.returncode == 1
    assert f"FAIL  lake.toml: there is no lake.toml in {folder.path}\n      hint: go to your project" in ended.stdout
    assert "ok    versions: cinelake " in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = examine(tmp_path / "nowhere" / "at" / "all", variables={})
    assert wrong(result) == ["lake.toml"]
    assert str(tmp_path) in by_name(result)["disk"].detail


@pytest.mark.parametrize(
    "text", ["[lake", '[lake]\nuri = "ftp://x"', "[lake]\nurl = 1", "[lake]\nkey = '{x}'", "\xff\x00"], ids=repr
)
def test_a_malformed_lake_toml_is_told_with_what_is_wrong_in_it(folder: ProjectFolder, text: str) -> None:
    folder.path.joinpath("lake.toml").write_bytes(text.encode("latin-1"))
    result = examined(folder)
    assert len(wrong(result)) == 1
    assert wrong(result)[0] in ("lake.toml", "lake")


def test_without_lake_toml_a_lake_that_is_named_is_looked_at(folder: ProjectFolder, bucket_place: Place) -> None:
    land_files(*folder.open(bucket_place))
    folder.path.joinpath("lake.toml").write_text("[lake", encoding="utf-8")
    result = examined(folder, bucket_place)
    assert wrong(result) == ["lake.toml"]
    assert by_name(result)["may write"].ok is True
    assert by_name(result)["sources"].ok is None


def test_missing_sources_are_named(folder: ProjectFolder) -> None:
    folder.path.joinpath("series.csv").unlink()
    result = examined(folder)
    assert wrong(result) == ["sources"]
    assert by_name(result)["sources"].detail == "series.csv is missing"


def test_sources_are_counted_with_their_bytes(folder: ProjectFolder) -> None:
    size_bytes = sum(folder.path.joinpath(name).stat().st_size for name in ("movies.csv", "series.csv"))
    assert by_name(examined(folder))["sources"].detail == f"2 files, {size_bytes:,} bytes"


def test_sources_in_a_folder_that_may_not_be_read_are_told(folder: ProjectFolder) -> None:
    closed = folder.path / "closed"
    closed.mkdir(mode=0o000)
    folder.path.joinpath("lake.toml").write_text('[[source]]\ndataset = "A"\npath = "closed"\n', encoding="utf-8")
    ended = as_ordinary_user(folder, "doctor")
    closed.chmod(0o700)
    if ended is None:
        pytest.skip("root cannot be bound by permissions here")
    assert ended.returncode == 1
    assert "FAIL  sources: cannot look at the sources: permission denied" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_disk_with_less_room_than_the_sources_need_is_told(folder: ProjectFolder) -> None:
    there = os.statvfs(folder.path)
    with folder.path.joinpath("movies.csv").open("r+b") as file:
        file.truncate(there.f_blocks * there.f_frsize + 1)  # a hole, which takes no room
    result = examined(folder)
    assert wrong(result) == ["disk"]
    assert "make room" in by_name(result)["disk"].hint


def test_a_file_where_the_lake_must_be_is_told(folder: ProjectFolder) -> None:
    folder.path.joinpath("lake").write_text("", encoding="utf-8")
    assert wrong(examined(folder)) == ["lake"]


def test_a_lake_that_may_not_be_written_to_is_told(folder: ProjectFolder) -> None:
    lake = folder.path / "lake"
    lake.mkdir(mode=0o555)
    ended = as_ordinary_user(folder, "doctor")
    lake.chmod(0o700)
    if ended is None:
        pytest.skip("root cannot be bound by permissions here")
    assert ended.returncode == 1
    assert f"FAIL  may write: {lake} may not be written to" in ended.stdout


# .env


def test_a_malformed_env_is_told_by_its_line_and_the_rest_is_looked_at(folder: ProjectFolder) -> None:
    folder.path.joinpath(".env").write_text(f"AWS_REGION=us-east-1\n{SECRET}\n'", encoding="utf-8")
    result = examined(folder)
    assert set(wrong(result)) == {".env", "variables"}
    assert by_name(result)["sources"].ok is None
    assert by_name(result)["versions"].ok is True
    assert SECRET not in repr(result)


def test_what_env_sets_is_told_by_name_alone(folder: ProjectFolder) -> None:
    text = f"AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY={SECRET}\nwJalrXUtnFEMI=x\n"
    folder.path.joinpath(".env").write_text(text, encoding="utf-8")
    result = examined(folder, AWS_ACCESS_KEY_ID="AKIAREAL", AWS_SECRET_ACCESS_KEY=SECRET)
    assert by_name(result)[".env"].detail == (
        "read: sets AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY; its credentials do not count, the environment has some"
    )
    assert SECRET not in repr(result)
    assert "wJalr" not in repr(result)


@pytest.mark.parametrize(
    ("ignored", "tracked", "ok"), [(True, False, True), (False, False, False), (True, True, False)]
)
def test_an_env_that_git_would_take_is_told(folder: ProjectFolder, ignored: bool, tracked: bool, ok: bool) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=folder.path, check=True, capture_output=True, timeout=60)

    git("init")
    folder.path.joinpath(".env").write_text("AWS_REGION=us-east-1\n", encoding="utf-8")
    folder.path.joinpath(".gitignore").write_text(".env\n" if ignored else "", encoding="utf-8")
    if tracked:
        git("add", "--force", ".env")
    finding = by_name(examined(folder))["git"]
    assert finding.ok is ok
    assert (".gitignore" in finding.hint) is not ok


def test_outside_of_git_nothing_is_said_against_env(folder: ProjectFolder) -> None:
    folder.path.joinpath(".env").write_text("AWS_REGION=us-east-1\n", encoding="utf-8")
    assert by_name(examined(folder))["git"].ok is None


# Credentials


def test_without_credentials_the_endpoint_is_looked_at_and_the_bucket_is_not(
    folder: ProjectFolder, bucket_place: Place
) -> None:
    assert bucket_place.server is not None
    ended = folder.cinelake(
        "doctor", "--lake", bucket_place.uri, variables={"AWS_ENDPOINT_URL_S3": bucket_place.server.endpoint}
    )
    assert ended.returncode == 1
    assert f"FAIL  credentials: cannot open {bucket_place.uri}: there are no AWS credentials" in ended.stdout
    assert f"ok    endpoint: {bucket_place.server.endpoint} answered in " in ended.stdout
    assert "-     bucket: not looked at: mend the credentials first" in ended.stdout


def test_a_profile_that_is_not_there_is_told(folder: ProjectFolder) -> None:
    ended = folder.cinelake(
        "doctor", "--lake", "s3://lake-of-mine", variables={"AWS_PROFILE": "my-lab", "AWS_ENDPOINT_URL_S3": NOBODY}
    )
    assert ended.returncode == 1
    assert "FAIL  credentials: " in ended.stdout
    assert "my-lab" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("name", ["ceph", "rclone"])
def test_a_wrong_secret_is_told_once(folder: ProjectFolder, name: str, request: pytest.FixtureRequest) -> None:
    place = Place.on(replace(request.getfixturevalue(name), secret_key=SECRET))
    result = examined(folder, place)
    assert wrong(result) == ["identity"]
    identity = by_name(result)["identity"]
    assert "the secret access key is wrong (SignatureDoesNotMatch)" in identity.detail
    assert "AWS_SECRET_ACCESS_KEY" in identity.hint
    assert by_name(result)["bucket"].ok is None


def test_an_unknown_access_key_is_told(folder: ProjectFolder, ceph: S3Server) -> None:
    result = examined(folder, Place.on(replace(ceph, access_key="AKIANOBODY")))
    assert wrong(result) == ["identity"]
    assert "the access key is unknown" in by_name(result)["identity"].detail


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["words", "json"])
@pytest.mark.parametrize("said_in", ["environment", ".env"])
def test_neither_secret_nor_token_is_told_at_vv(
    folder: ProjectFolder, bucket_place: Place, form: list[str], said_in: str
) -> None:
    variables = {
        "AWS_ACCESS_KEY_ID": "AKIAWHOLEKEYOFMINE",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": TOKEN,
        "AWS_ENDPOINT_URL_S3": bucket_place.variables["AWS_ENDPOINT_URL_S3"],
    }
    if said_in == ".env":
        text = "".join(f"{name}={value}\n" for name, value in variables.items())
        folder.path.joinpath(".env").write_text(text, encoding="utf-8")
        variables = {}
    ended = folder.cinelake("doctor", "-vv", *form, "--lake", bucket_place.uri, variables=variables)
    told = ended.stdout + ended.stderr
    assert f"from {'the environment' if said_in == 'environment' else '.env'}: access key **************MINE" in told
    assert "temporary; until when is not told" in told
    for secret in (SECRET, TOKEN, "WHOLEKEY"):
        assert secret not in told


def test_an_access_key_shows_its_last_four_characters_at_most() -> None:
    assert hide("AKIAIOSFODNN7EXAMPLE") == "****************MPLE"
    assert hide("AKIA") == "****"
    assert hide("abcdef") == "****ef"


def test_temporary_credentials_tell_where_from_and_until_when(
    folder: ProjectFolder, moto: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=3)
    document = {"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": SECRET, "SessionToken": TOKEN}
    told = folder.path / "told.json"
    told.write_text(json.dumps({**document, "Expiration": until.isoformat()}), encoding="utf-8")
    settings = folder.path / "aws"
    settings.write_text(f"[default]\ncredential_process = cat {told}\n", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings))
    result = examined(folder, Place(Place.on(moto).uri), AWS_ENDPOINT_URL_S3=moto.endpoint)
    assert wrong(result) == []
    detail = by_name(result)["credentials"].detail
    assert detail.startswith("from the credential_process of ~/.aws/config (profile default): access key *******CESS, ")
    assert f"temporary, until {until:%Y-%m-%d %H:%M} UTC (" in detail
    assert SECRET not in repr(result)


def test_a_process_that_gives_no_credentials_is_told(
    folder: ProjectFolder, moto: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = folder.path / "aws"
    settings.write_text("[default]\ncredential_process = false\n", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings))
    result = examined(folder, Place(Place.on(moto).uri), AWS_ENDPOINT_URL_S3=moto.endpoint)
    assert wrong(result) == ["credentials"]


# Whose they are, and who is asked


def test_sts_is_asked_where_it_is_configured(folder: ProjectFolder, moto: S3Server) -> None:
    place = Place.on(moto)
    told = {**place.variables, "AWS_ENDPOINT_URL": moto.endpoint}
    del told["AWS_ENDPOINT_URL_S3"]
    result = examined(folder, Place(place.uri, told))
    assert by_name(result)["identity"].detail == "arn:aws:sts::123456789012:user/moto, account 123456789012 (STS)"


def test_a_store_without_sts_is_asked_for_the_owner(folder: ProjectFolder, ceph: S3Server) -> None:
    result = examined(folder, Place.on(ceph), AWS_ENDPOINT_URL=ceph.endpoint)
    assert wrong(result) == []
    assert by_name(result)["identity"].detail == "test (the owner of the buckets that are listed)"


def asked_of_aws(folder: ProjectFolder, **variables: str) -> tuple[list[str], subprocess.CompletedProcess[str]]:
    """Which hosts beyond this machine the doctor wants to talk to: a proxy notes and refuses each."""
    with http_server(code=403) as (proxy, asked):
        ended = folder.cinelake(
            "doctor",
            "--lake",
            "s3://lake-of-mine",
            variables={"HTTPS_PROXY": proxy, "HTTP_PROXY": proxy, "NO_PROXY": "127.0.0.1", **variables},
        )
    return sorted(set(asked)), ended


def test_aws_is_asked_nothing_where_another_store_is_configured(folder: ProjectFolder, moto: S3Server) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": SECRET}
    hosts, ended = asked_of_aws(folder, AWS_ENDPOINT_URL_S3=moto.endpoint, **keys)
    assert hosts == []
    assert "ok    identity: webfile" in ended.stdout


def test_on_aws_its_s3_is_asked_and_nobody_else_before_it_answers(folder: ProjectFolder) -> None:
    hosts, ended = asked_of_aws(folder, AWS_ACCESS_KEY_ID="AKIATEST", AWS_SECRET_ACCESS_KEY=SECRET)
    assert hosts == ["CONNECT lake-of-mine.s3.amazonaws.com:443"]
    assert "FAIL  endpoint: " in ended.stdout
    assert ended.returncode == 1


# The endpoint


def test_an_endpoint_that_nobody_listens_on_is_told_once(folder: ProjectFolder) -> None:
    variables = {"AWS_ENDPOINT_URL_S3": NOBODY, "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S"}
    result = examined(folder, Place("s3://lake-of-mine", variables))
    assert wrong(result) == ["endpoint"]
    endpoint = by_name(result)["endpoint"]
    assert NOBODY in endpoint.detail
    assert "AWS_ENDPOINT_URL_S3" in endpoint.hint
    assert by_name(result)["bucket"].detail == "not looked at: the endpoint does not answer"


def test_an_endpoint_that_is_no_address_is_told(folder: ProjectFolder) -> None:
    result = examined(folder, AWS_ENDPOINT_URL_S3="127.0.0.1:9000")
    assert wrong(result) == ["variables"]


@pytest.fixture(scope="module")
def moto_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """moto behind TLS, with an authority of its own."""
    with moto_server(tmp_path_factory.mktemp("certificates")) as server:
        yield server


def test_tls_is_told_and_its_certificate_is_checked(folder: ProjectFolder, moto_tls: S3Server) -> None:
    result = examined(folder, Place.on(moto_tls))
    assert wrong(result) == []
    assert by_name(result)["endpoint"].detail.endswith(" ms over TLS, its certificate checked")


def test_a_certificate_that_nobody_vouches_for_is_told(folder: ProjectFolder, moto_tls: S3Server) -> None:
    result = examined(folder, Place.on(replace(moto_tls, authority=None)))
    assert wrong(result) == ["endpoint"]
    assert "AWS_CA_BUNDLE" in by_name(result)["endpoint"].hint


def test_a_file_of_certificates_that_is_not_there_is_told(folder: ProjectFolder, moto: S3Server) -> None:
    result = examined(folder, Place.on(moto), AWS_CA_BUNDLE="/nowhere/authority.pem")
    assert wrong(result) == ["endpoint"]
    assert by_name(result)["endpoint"].hint == "mend AWS_CA_BUNDLE"


@pytest.mark.parametrize(("offset_s", "ok"), [(0, True), (200, True), (-1000, False), (86400 * 365, False)])
def test_a_clock_that_differs_from_the_services_is_told(folder: ProjectFolder, offset_s: int, ok: bool) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=offset_s), usegmt=True)
    with http_server(date=date) as (endpoint, _):
        result = examined(
            folder,
            Place("s3://lake-of-mine", {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S"}),
            AWS_ENDPOINT_URL_S3=endpoint,
        )
    clock = by_name(result)["clock"]
    assert clock.ok is ok
    if not ok:
        assert ("behind" if offset_s > 0 else "ahead of") in clock.detail
        assert "AWS refuses 900" in clock.detail
        assert "clock" in clock.hint


@pytest.mark.parametrize(("offset_s", "ok"), [(300, True), (301, False), (-300, True), (-301, False)])
def test_three_hundred_seconds_are_the_most_that_two_clocks_may_differ(offset_s: int, ok: bool) -> None:
    here = datetime(2022, 5, 2, 12, tzinfo=UTC)
    date = format_datetime(here + timedelta(seconds=offset_s), usegmt=True)
    assert compare_clocks(date, here).ok is ok


@pytest.mark.parametrize("date", ["", "noon"])
def test_a_service_that_tells_no_time_is_not_held_against_the_clock(date: str) -> None:
    assert compare_clocks(date, datetime.now(UTC)).ok is None


@pytest.mark.parametrize("code", [200, 400, 418, 500, 503])
@pytest.mark.parametrize("body", [b"", b"hello", b"<html><body>hello</body></html>", b'{"Statement": ["x"]}', b"<a/>"])
def test_a_server_that_is_no_store_ends_in_findings(folder: ProjectFolder, body: bytes, code: int) -> None:
    with http_server(body=body, code=code) as (endpoint, _):
        result = examined(
            folder,
            Place("s3://lake-of-mine", {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S"}),
            AWS_ENDPOINT_URL=endpoint,
        )
    assert (wrong(result) == ["endpoint"]) is (code >= 500)
    assert by_name(result)["credentials"].ok is True


# The bucket


def test_a_bucket_of_somebody_else_is_told_and_left_alone(
    folder: ProjectFolder, ceph: S3Server, stranger: S3Server
) -> None:
    theirs = Place.on(stranger)
    client_of(theirs).create_bucket(Bucket=theirs.name)
    result = examined(folder, replace(theirs, variables=ceph.variables))
    assert wrong(result) == ["bucket"]
    assert "somebody else" in by_name(result)["bucket"].detail
    assert "another name" in by_name(result)["bucket"].hint
    assert traces(theirs) == {"Versions": [], "Uploads": []}


@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("s3:GetObject", "may read"),
        ("s3:GetBucketVersioning", "may see versioning"),
        ("s3:ListBucketMultipartUploads", "may list uploads"),
        ("s3:PutObject", "may write"),
    ],
)
def test_a_permission_that_is_denied_is_named(folder: ProjectFolder, ceph: S3Server, action: str, name: str) -> None:
    place = Place.on(ceph)
    land_files(*folder.open(place))
    arn = f"arn:aws:s3:::{place.name}"
    denial = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": [arn, f"{arn}/*"]}
    document = {"Version": "2012-10-17", "Statement": [denial]}
    client_of(place).put_bucket_policy(Bucket=place.name, Policy=json.dumps(document))
    result = examined(folder, place)
    assert wrong(result) == [name]
    assert "access is denied" in by_name(result)[name].detail
    assert by_name(result)[name].hint.startswith(f"ask for {action}; cinelake doctor --policy")


def test_an_upload_that_may_not_be_aborted_is_told_with_how_to_remove_it(folder: ProjectFolder, ceph: S3Server) -> None:
    place = Place.on(ceph)
    client = client_of(place)
    client.create_bucket(Bucket=place.name)
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:AbortMultipartUpload",
        "Resource": f"arn:aws:s3:::{place.name}/*",
    }
    document = {"Version": "2012-10-17", "Statement": [denial]}
    client.put_bucket_policy(Bucket=place.name, Policy=json.dumps(document))
    result = examined(folder, place)
    [upload] = client.list_multipart_uploads(Bucket=place.name)["Uploads"]
    assert upload["Key"] == TRIAL
    assert wrong(result) == ["may write"]
    hint = by_name(result)["may write"].hint
    assert "s3:AbortMultipartUpload" in hint
    assert upload["UploadId"] in hint
    client.delete_bucket_policy(Bucket=place.name)
    client.abort_multipart_upload(Bucket=place.name, Key=TRIAL, UploadId=upload["UploadId"])


def test_the_settings_of_a_bucket_are_told_as_they_are(folder: ProjectFolder, moto: S3Server) -> None:
    place = Place.on(moto)
    client_of(place).create_bucket(Bucket=place.name)
    found = by_name(examined(folder, place))
    assert [replace(found[f"bucket {subject}"], mend=None) for subject in SETTINGS] == [
        Finding("bucket public access", None, "not blocked"),
        Finding("bucket versions", None, "not kept"),
        Finding("bucket encryption", None, "none by default"),
        Finding("bucket abandoned uploads", None, "not dropped"),
        Finding("bucket plain HTTP", None, "not refused; there is no policy"),
    ]
    made = Place.on(moto)
    land_files(*folder.open(made))
    found = by_name(examined(folder, made))
    assert [found[f"bucket {subject}"] for subject in SETTINGS[:4]] == [
        Finding("bucket public access", True, "blocked"),
        Finding("bucket versions", True, "kept"),
        Finding("bucket encryption", True, "AES256"),
        Finding("bucket abandoned uploads", True, "dropped after 7 days"),
    ]


@pytest.mark.parametrize(
    ("statement", "ok", "detail"),
    [
        ({"Effect": "Deny", "Action": "s3:*"}, True, "refused by its policy"),
        ({"Effect": "Deny", "Action": ["s3:*"]}, True, "refused by its policy"),
        ({"Effect": "Deny", "Action": "s3:PutBucketAcl"}, None, "not refused by its policy"),
        ({"Effect": "Allow", "Action": "s3:*"}, None, "not refused by its policy"),
    ],
)
def test_a_policy_against_plain_http_is_known(
    folder: ProjectFolder, ceph: S3Server, statement: Mapping[str, Any], ok: bool | None, detail: str
) -> None:
    """Tried with the actions of somebody who is nobody here, so that the bucket's owner is not locked out."""
    place = Place.on(ceph)
    client_of(place).create_bucket(Bucket=place.name)
    whole = {
        **statement,
        "Principal": {"AWS": "arn:aws:iam:::user/nobody"},
        "Resource": f"arn:aws:s3:::{place.name}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = {"Version": "2012-10-17", "Statement": [whole]}
    client_of(place).put_bucket_policy(Bucket=place.name, Policy=json.dumps(document))
    assert by_name(examined(folder, place))["bucket plain HTTP"] == Finding("bucket plain HTTP", ok, detail)


def test_what_a_service_lacks_is_not_held_against_it(folder: ProjectFolder, rclone: S3Server) -> None:
    place = Place.on(rclone)
    client_of(place).create_bucket(Bucket=place.name)
    result = examined(folder, place)
    assert wrong(result) == []
    assert by_name(result)["bucket encryption"].detail == "not told: this service lacks default encryption"


@pytest.mark.parametrize(
    ("location", "ours", "on_aws", "ok"),
    [
        (None, "us-east-1", True, True),
        (None, "sa-east-1", True, False),
        ("EU", "eu-west-1", True, True),
        ("sa-east-1", "us-east-1", True, False),
        ("default", "us-east-1", False, True),
    ],
)
def test_only_on_aws_must_the_bucket_s_region_be_the_one_that_is_set(
    location: str | None, ours: str, on_aws: bool, ok: bool
) -> None:
    finding = compare_regions(location, ours, on_aws=on_aws)
    assert finding.ok is ok
    assert ok or finding.hint == f"set AWS_REGION={location or 'us-east-1'}"


# The policy


def test_the_policy_is_printed_alone_and_nobody_is_asked_for_it(folder: ProjectFolder) -> None:
    ended = folder.cinelake(
        "doctor", "--policy", "--lake", "s3://lake-of-mine", variables={"AWS_ENDPOINT_URL_S3": NOBODY}
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout) == least_policy("lake-of-mine", "us-east-1")


def test_the_policy_stands_in_the_document(folder: ProjectFolder, moto: S3Server) -> None:
    place = Place.on(moto)
    document = folder.document("doctor", "--policy", place=place)
    assert document["policy"] == least_policy(place.name, "us-east-1")
    assert document["findings"]


def test_a_folder_has_no_policy(folder: ProjectFolder) -> None:
    with pytest.raises(ConfigurationError, match="needs no policy"):
        find_policy(folder.path, variables={})


def test_a_policy_needs_no_lake_toml_where_the_bucket_is_named(tmp_path: Path) -> None:
    assert find_policy(tmp_path, lake_uri="s3://lake-of-mine", variables={})["Statement"]
    with pytest.raises(ConfigurationError, match=r"no lake\.toml"):
        find_policy(tmp_path, variables={})


def test_every_action_of_the_policy_is_one_that_policies_of_aws_name() -> None:
    """moto carries the policies that AWS itself manages."""
    managed = Path(str(aws_managed_policies.__file__)).read_text(encoding="utf-8")
    actions = [action for statement in least_policy("lake", "us-east-1")["Statement"] for action in statement["Action"]]
    assert [action for action in actions if f'"{action}"' not in managed] == []
    assert len(actions) == len(set(actions))


def test_what_only_making_the_bucket_needs_stands_apart() -> None:
    use, objects, make, try_it = least_policy("lake", "us-east-1")["Statement"]
    assert [each["Sid"].startswith("OnlyToMakeTheBucket") for each in (use, objects, make, try_it)] == [
        *(False, False),
        *(True, True),
    ]
    assert not any(action.startswith(("s3:Delete", "s3:PutBucket", "s3:Create")) for action in use["Action"])
    assert not any(action.startswith("s3:Delete") for action in objects["Action"])
    assert try_it["Resource"] == "arn:aws:s3:::lake/_manifests/.trial"


@pytest.mark.parametrize(
    ("region", "partition"), [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_the_policy_is_of_the_region_s_partition(region: str, partition: str) -> None:
    for statement in least_policy("lake", region)["Statement"]:
        assert statement["Resource"].startswith(f"arn:{partition}:s3:::lake")


def test_the_least_policy_lets_a_landing_through(folder: ProjectFolder, ceph: S3Server, stranger: S3Server) -> None:
    """Another user of the gateway, who may do what the policy allows on a bucket that is there, and no more."""
    place = Place.on(ceph)
    client_of(place).create_bucket(Bucket=place.name)
    statements = [
        {**statement, "Principal": {"AWS": "*"}, "Resource": statement["Resource"]}
        for statement in least_policy(place.name, "us-east-1")["Statement"][:2]
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    client_of(place).put_bucket_policy(Bucket=place.name, Policy=document)
    theirs = replace(place, variables=stranger.variables)
    folder.path.joinpath("movies.csv").write_bytes(b"x" * (9 << 20))
    assert land_files(*folder.open(theirs)).status == "done"
    result = examined(folder, theirs)
    assert wrong(result) == []
    found = by_name(result)
    assert [name for name in PERMISSIONS if found[name].ok is not True] == []


def test_the_program_s_own_python_tells_its_versions(folder: ProjectFolder) -> None:
    told = by_name(examined(folder))["versions"].detail
    assert f"Python {'.'.join(map(str, sys.version_info[:3]))}" in told
    for name in ("cinelake", "boto3", "obstore", "duckdb"):
        assert f"{name} " in told
