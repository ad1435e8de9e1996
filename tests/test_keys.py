"""Keys: built from a template, read back to the same name, and refused where that could not be."""

import string
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cinelake import ConfigurationError, ExitCode
from cinelake.config.settings import LakeTable
from cinelake.lake.keys import CSV, JSON, KEY_BYTES, PARQUET, RAW, REFINED, TRUSTED, KeyTemplate, ObjectName

DAY = date(2022, 5, 2)
DEFAULT = KeyTemplate(LakeTable().key)
TEMPLATES = (
    DEFAULT.template,
    "lake/{layer}/{origin}/{format}/{dataset}/{date:%Y%m%d}/{file}",
    "{layer}/{dataset}/{origin}/{format}/date={date:%Y-%m-%d}/{file}",
    "{date:%d.%m.%Y}/{layer}/{origin}/{format}/{dataset}/{file}",
    "{layer}/origin={origin}/format={format}/{dataset}/{date:%Y/%m/%d}/{file}",
    "{origin}/{layer}/{format}/{dataset}/{date:%Y/%m/%d}/{file}",
    "{layer}/{format}/{dataset}/{date:%Y/%m/%d}/{origin}/{file}",
)

CONFIGURED = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,19}\Z")
"""What lake.toml lets a dataset or an origin be."""
CHARACTERS = st.characters(exclude_characters="/", exclude_categories=["Cc", "Cs"])
SEGMENTS = st.text(CHARACTERS, min_size=1, max_size=20).filter(lambda text: text not in (".", ".."))
FILES = st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join)
DAYS = st.dates(min_value=date(1000, 1, 1))
UNHURRIED = settings(deadline=None)
"""A loaded machine is no fault."""


@st.composite
def names(draw: st.DrawFn) -> ObjectName:
    """A name that a run of ours could have to write."""
    layer = draw(st.sampled_from([RAW, TRUSTED, REFINED]))
    origin = "" if layer == REFINED else draw(CONFIGURED)
    file = draw(FILES.filter(lambda text: not text.rpartition("#")[2].isdigit() or "#" not in text))
    return ObjectName(layer, origin, draw(st.sampled_from([CSV, JSON, PARQUET])), draw(CONFIGURED), draw(DAYS), file)


def refusal(name: ObjectName, template: KeyTemplate = DEFAULT) -> ConfigurationError:
    """How the key of this name is refused."""
    with pytest.raises(ConfigurationError) as raised:
        template.build(name)
    assert raised.value.exit_code == ExitCode.USAGE
    assert raised.value.hint
    return raised.value


# Templates that are refused


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("", "each of"),
        ("{", "each of"),
        ("{}", "each of"),
        ("{layer}/{origin}/{format}/{date:%Y/%m/%d}/{file}", "each of"),
        ("{layer}/{layer}/{origin}/{format}/{dataset}/{date:%Y/%m/%d}/{file}", "once"),
        ("{layer}/{origin}/{format}/{dataset}/{date:%Y/%m/%d}/{run}/{file}", "each of"),
        ("{layer.name}/{origin}/{format}/{dataset}/{date:%Y/%m/%d}/{file}", "each of"),
        ("{file}/{layer}/{origin}/{format}/{dataset}/{date:%Y/%m/%d}", "end in /{file}"),
        ("{layer}/{origin}/{format}/{dataset}/{date:%Y/%m/%d}-{file}", "end in /{file}"),
        ("{layer}/{origin}/{format}/{dataset}/{date:%Y/%m/%d}/{file}.csv", "end in /{file}"),
        ("{layer}/{origin}/{format}/{dataset}/{date}/{file}", "%Y, %m and %d"),
        ("{layer}/{origin}/{format}/{dataset}/{date:%Y/%m}/{file}", "%Y, %m and %d"),
        ("{layer}/{origin}/{format}/{dataset}/{date:%y/%m/%d}/{file}", "%Y, %m and %d"),
        ("{layer}/{origin}/{format}/{dataset}/{date:%Y/%m/%d/%H}/{file}", "%Y, %m and %d"),
        ("{layer}/{origin}/{format}{dataset}/{date:%Y/%m/%d}/{file}", "touch"),
        ("/{layer}/{origin}/{format}/{dataset}/{date:%Y/%m/%d}/{file}", "start with"),
        ("_{layer}/{origin}/{format}/{dataset}/{date:%Y/%m/%d}/{file}", "start with"),
        ("{layer}//{origin}/{format}/{dataset}/{date:%Y/%m/%d}/{file}", "//"),
        ("{layer}/{origin}/{format}/{dataset}/{date:%Y/%m/%d/}/{file}", "//"),
        ("{layer}/../{origin}/{format}/{dataset}/{date:%Y/%m/%d}/{file}", ".."),
        ("{layer}/./{origin}/{format}/{dataset}/{date:%Y/%m/%d}/{file}", "."),
        ("{layer}/{origin}/{format}/{dataset:>20}/{date:%Y/%m/%d}/{file}", "{dataset}"),
        ("{layer}/{origin!r}/{format}/{dataset}/{date:%Y/%m/%d}/{file}", "{origin}"),
        ("{layer}/{origin}/a\nb/{format}/{dataset}/{date:%Y/%m/%d}/{file}", ""),
    ],
)
def test_a_template_that_cannot_be_read_back_is_refused_with_its_reason(template: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        KeyTemplate(template)
    assert raised.value.what.startswith(f"lake.toml: lake.key is {template!r}: ")
    assert reason in raised.value.what.removeprefix(f"lake.toml: lake.key is {template!r}: ")
    assert DEFAULT.template in raised.value.hint


# Names that no key can be made of


@pytest.mark.parametrize(
    "name",
    [
        ObjectName(RAW, "Local", CSV, "Mov/ies", DAY, "movies.csv"),
        ObjectName(RAW, "Lo/cal", CSV, "Movies", DAY, "movies.csv"),
        ObjectName(RAW, "Local", CSV, "", DAY, "movies.csv"),
        ObjectName(RAW, "", CSV, "Movies", DAY, "movies.csv"),
        ObjectName(RAW, "Local", CSV, "..", DAY, "movies.csv"),
        ObjectName(RAW, ".", CSV, "Movies", DAY, "movies.csv"),
        ObjectName(REFINED, "Local", PARQUET, "T", DAY, "movies.csv"),
        *(
            ObjectName(RAW, "Local", CSV, "Movies", DAY, file)
            for file in ["", "/", "a//b", "/a", "a/", ".", "..", "../a", "a/../b", "a/./b", "a\nb", "\0", "\x7f", "a#1"]
        ),
    ],
)  # fmt: skip
def test_no_key_is_made_of_a_name_that_a_store_could_take_for_another(name: ObjectName) -> None:
    assert repr(name.file) in refusal(name).what


def test_no_key_is_made_of_a_file_name_that_is_not_utf8() -> None:
    refusal(ObjectName(RAW, "Local", CSV, "Movies", DAY, b"caf\xe9.csv".decode(errors="surrogateescape")))


@pytest.mark.parametrize("letter", ["a", "ã", "映", "🎬"])
def test_a_key_is_measured_in_bytes(letter: str) -> None:
    room = KEY_BYTES - len("Raw/Local/CSV/Movies/2022/05/02/")
    fits = ObjectName(RAW, "Local", CSV, "Movies", DAY, letter * (room // len(letter.encode())))
    assert len(DEFAULT.build(fits).encode()) <= KEY_BYTES
    error = refusal(ObjectName(RAW, "Local", CSV, "Movies", DAY, fits.file + letter))
    assert f"{KEY_BYTES}" in error.what + error.hint


# Keys that are not ours


@pytest.mark.parametrize(
    "key",
    [
        "",
        "movies.csv",
        "_manifests/land/2022/05/02/20220502T131500123Z-3f9a2c1b.json",
        "_replaced/Raw/Local/CSV/Movies/2022/05/02/movies.csv/0a1b",
        "Raw/Local/CSV/Movies/2022/05/movies.csv",
        "Raw/Local/CSV/Movies/2022/05/02/",
        "Raw/Local/CSV/Movies/2022/05/02//movies.csv",
        "Raw/Local/CSV/Movies/2022/13/02/movies.csv",
        "Raw/Local/CSV/Movies/2022/02/30/movies.csv",
        "Raw/Local/CSV/Movies/0000/02/03/movies.csv",
        "Raw/Local/CSV/Movies/22/05/02/movies.csv",
        "Raw/Local/CSV/Movies/2022/05/02/../movies.csv",
        "Raw/CSV/Movies/2022/05/02/movies.csv",
        "Refined/Local/Parquet/T/2022/05/02/t.parquet",
        "/Raw/Local/CSV/Movies/2022/05/02/movies.csv",
        "x/Raw/Local/CSV/Movies/2022/05/02/movies.csv",
        "Raw/Local/CSV/Movies/٢٠٢٢/05/02/movies.csv",
        "Raw/Local/CSV/../2022/05/02/movies.csv",
    ],
)
def test_a_foreign_key_is_nobody_s_name(key: str) -> None:
    assert DEFAULT.parse(key) is None


@UNHURRIED
@given(st.text(st.sampled_from(string.ascii_letters + string.digits + "/._-٢é\n"), max_size=60))
@example("Raw/Local/CSV/Movies/2022/05/02/movies.csv")
def test_whatever_can_be_read_is_written_the_same(key: str) -> None:
    name = DEFAULT.parse(key)
    assert name is None or DEFAULT.build(name) == key


# Keys that are ours


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("Raw/Local/CSV/Movies/2022/05/02/movies.csv", ObjectName(RAW, "Local", CSV, "Movies", DAY, "movies.csv")),
        ("Raw/TMDB/JSON/Movies/2022/05/02/01.json", ObjectName(RAW, "TMDB", JSON, "Movies", DAY, "01.json")),
        (
            "Trusted/Local/Parquet/t/2022/05/02/r/t.parquet",
            ObjectName(TRUSTED, "Local", PARQUET, "t", DAY, "r/t.parquet"),
        ),
        ("Refined/Parquet/t/2022/05/02/r/t.parquet", ObjectName(REFINED, "", PARQUET, "t", DAY, "r/t.parquet")),
    ],
)
def test_the_keys_of_the_design_are_written_and_read(key: str, name: ObjectName) -> None:
    assert DEFAULT.build(name) == key
    assert DEFAULT.parse(key) == name


@pytest.mark.parametrize("template", TEMPLATES)
@UNHURRIED
@given(name=names())
@example(ObjectName(RAW, "Local", CSV, "Movies", DAY, "os filmes de São João 映画 +%20&?.csv"))
@example(ObjectName(REFINED, "", PARQUET, "top12", date(1231, 12, 31), "31/12/9999"))
def test_every_name_comes_back_from_its_key(template: str, name: ObjectName) -> None:
    key = KeyTemplate(template).build(name)
    assert KeyTemplate(template).parse(key) == name
    assert not key.startswith(("/", "_"))
    assert "//" not in key
    assert len(key.encode()) <= KEY_BYTES


@pytest.mark.parametrize("template", TEMPLATES)
@UNHURRIED
@given(name=names(), other=DAYS)
@example(ObjectName(RAW, "Local", CSV, "Top12", DAY, "a"), date(9999, 12, 31))
def test_a_dataset_s_prefix_leads_to_its_keys_of_every_date(template: str, name: ObjectName, other: date) -> None:
    keys = KeyTemplate(template)
    prefix = keys.prefix(name.layer, name.origin, name.format, name.dataset)
    assert not prefix.endswith("/")
    for day in (name.date, other):
        dated = ObjectName(name.layer, name.origin, name.format, name.dataset, day, name.file)
        assert prefix == "" or keys.build(dated).startswith(f"{prefix}/")


@pytest.mark.parametrize("dataset", ["Movies", "Top12", "31", "9999"])
def test_the_usual_prefix_reaches_down_to_the_dataset(dataset: str) -> None:
    assert DEFAULT.prefix(RAW, "Local", CSV, dataset) == f"Raw/Local/CSV/{dataset}"
    assert DEFAULT.prefix(REFINED, "", PARQUET, dataset) == f"Refined/Parquet/{dataset}"
