"""The invented sample: the schema and the shape of the real files, and nothing that could be taken for real."""

import csv
import hashlib
import json
import tracemalloc
from pathlib import Path

import duckdb
import pytest

from cinelake.sample import main, write_sample
from projects import MOVIES_HEADER, SERIES_HEADER

CHECKSUMS = {
    "movies.csv": "37c09871926385f026f73efd03f9fe1d9b9804ceada39dc7de33e19c8f30c565",
    "series.csv": "6282450b556096606a39ab908770633bffcb9dd89c00827139ca113ae75e7ee4",
    "tmdb.jsonl": "4d7a367e79d8b84c2badccb9819721198830e9d7c2a1ed2ad19860b21c60257c",
}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="|"))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder)
    return folder


def test_a_file_that_is_there_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "series.csv").write_text("mine")
    assert main([str(tmp_path)]) == 2
    assert "series.csv" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["series.csv"]


def test_if_absent_leaves_a_users_file_alone_and_adds_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "movies.csv").write_text("mine")
    assert main([str(tmp_path), "--if-absent"]) == 0
    assert "movies.csv" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["movies.csv"]


def test_more_titles_than_ids_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ids"):
        write_sample(tmp_path, films=9_000_001)


def test_the_same_seed_gives_the_same_bytes(sample: Path) -> None:
    found = {name: hashlib.sha256((sample / name).read_bytes()).hexdigest() for name in CHECKSUMS}
    assert found == CHECKSUMS


def test_another_seed_gives_other_bytes(sample: Path, tmp_path: Path) -> None:
    write_sample(tmp_path, seed=1)
    assert (tmp_path / "movies.csv").read_bytes() != (sample / "movies.csv").read_bytes()


@pytest.mark.parametrize(("name", "header"), [("movies.csv", MOVIES_HEADER), ("series.csv", SERIES_HEADER)])
def test_the_header_is_that_of_the_real_file(sample: Path, real_data: Path, name: str, header: str) -> None:
    assert (sample / name).read_text(encoding="utf-8").splitlines()[0] == header
    assert (real_data / name).read_text(encoding="utf-8").splitlines()[0] == header


@pytest.mark.parametrize("name", ["movies.csv", "series.csv"])
def test_a_strict_reader_reads_every_row(sample: Path, name: str) -> None:
    read = duckdb.execute(
        """SELECT COUNT(*) FROM read_csv($path, delim = '|', quote = '"', escape = '"', strict_mode = true,
        all_varchar = true, header = true)""",
        {"path": str(sample / name)},
    ).fetchall()
    assert read == [(len(rows_of(sample / name)),)]


@pytest.mark.parametrize("name", ["movies.csv", "series.csv"])
def test_a_title_says_that_it_is_invented_and_does_not_contradict_itself(sample: Path, name: str) -> None:
    told: dict[str, tuple[str, ...]] = {}
    for row in rows_of(sample / name):
        assert row["tituloPincipal"].startswith("Invented: ")
        facts = tuple(row[column] for column in row if column not in MOVIES_HEADER.split("|")[8:])
        assert told.setdefault(row["id"], facts) == facts
    assert len(told) in (1500, 240)


def test_films_and_series_share_no_id(sample: Path) -> None:
    films, series = ({row["id"] for row in rows_of(sample / name)} for name in ("movies.csv", "series.csv"))
    assert not films & series
    assert all(len(imdb_id) == len("tt99000000") for imdb_id in films | series)


def test_it_has_what_makes_the_real_files_hard(sample: Path) -> None:
    text = (sample / "movies.csv").read_text(encoding="utf-8")
    rows = rows_of(sample / "movies.csv")
    records = [json.loads(line) for line in (sample / "tmdb.jsonl").read_text(encoding="utf-8").splitlines()]
    assert '""Real""' in text
    assert any("|" in row["tituloPincipal"] for row in rows)
    assert "雨の町" in text
    assert any(row["profissao"] == "" for row in rows)
    for column in ("anoLancamento", "tempoMinutos", "genero", "personagem", "anoNascimento", "nomeArtista"):
        assert any(row[column] == "\\N" for row in rows), column
    assert any(record.get("budget") == 0 for record in records)
    assert any(0 < record.get("budget", 0) < 1000 for record in records)
    assert any("external_ids" in record and "budget" not in record for record in records)


def test_memory_does_not_grow_with_the_number_of_titles(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        write_sample(tmp_path, films=8000, series=1000)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2_000_000
