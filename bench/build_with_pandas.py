"""The tables of `cinelake build` as a script makes them with pandas.

python build_with_pandas.py LAKE OUT: reads what was landed below LAKE/Raw, writes one Parquet file a table.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

TEXT, SMALL, WHOLE, LARGE = (pd.ArrowDtype(each) for each in (pa.string(), pa.int16(), pa.int32(), pa.int64()))
RATING, POPULARITY = pd.ArrowDtype(pa.decimal128(3, 1)), pd.ArrowDtype(pa.decimal128(24, 16))
NUMBERS = {
    "anoLancamento": SMALL, "anoTermino": SMALL, "tempoMinutos": WHOLE, "notaMedia": RATING, "numeroVotos": LARGE,
    "anoNascimento": SMALL, "anoFalecimento": SMALL,
}  # fmt: skip
KINDS = {"Movies": "film", "Series": "series"}
TOLD = {
    "kind": "kind", "id": "imdb_id", "tituloPincipal": "title", "tituloOriginal": "original_title",
    "anoLancamento": "start_year", "anoTermino": "end_year", "tempoMinutos": "runtime_minutes", "genero": "genres",
    "notaMedia": "rating", "numeroVotos": "votes",
}  # fmt: skip
CREDIT = {
    "kind": "kind", "id": "imdb_id", "nomeArtista": "artist", "generoArtista": "category", "personagem": "character",
    "anoNascimento": "birth_year", "anoFalecimento": "death_year", "profissao": "professions",
    "titulosMaisConhecidos": "known_for", "source_key": "source_key", "row_number": "row_number",
}  # fmt: skip
KEY = ["kind", "imdb_id"]


def main() -> None:
    """Reads, then writes one table after the other."""
    lake, out = Path(sys.argv[1]), Path(sys.argv[2])

    def write(table: str, frame: pd.DataFrame) -> None:
        frame.to_parquet(out / f"{table}.parquet", engine="pyarrow", compression="zstd", index=False)

    rows = pd.concat([read_rows(lake, dataset) for dataset in KINDS], ignore_index=True)
    write("credits", rows[list(CREDIT)].rename(columns=CREDIT))
    told = tell(rows)
    del rows
    again = told.duplicated(KEY)
    write("contradictions", told[again].drop(columns="variants"))
    titles = told[~again].drop(columns=["rows", "row_number"])
    titles["genres"] = titles["genres"].str.split(",")
    write("titles", titles[[*KEY, *(name for name in titles if name not in (*KEY, "source_key")), "source_key"]])
    bridge = titles[[*KEY, "genres"]].explode("genres").rename(columns={"genres": "genre"}).dropna()
    bridge["genre"] = bridge["genre"].astype(TEXT).str.strip(" ")
    bridge = bridge[bridge["genre"] != ""].drop_duplicates()
    write("bridge_title_genre", bridge)
    write("dim_genre", bridge[["genre"]].drop_duplicates())
    names = ["title", "original_title", "start_year", "end_year", "runtime_minutes"]
    write("dim_title", titles[[*KEY, *names]].rename(columns={"start_year": "year"}))
    tmdb = read_tmdb(lake)
    write("tmdb", tmdb)
    measures = tmdb[[*KEY, "popularity", "budget", "revenue"]].assign(in_tmdb=True)
    facts = titles[[*KEY, "rating", "votes"]].merge(measures, on=KEY, how="left")
    facts["in_tmdb"] = facts["in_tmdb"].notna()
    facts["roi"] = (facts["revenue"] - facts["budget"]).astype("double[pyarrow]") / facts["budget"]
    order = [*KEY, "rating", "votes", "in_tmdb", "popularity", "budget", "revenue", "roi"]
    write("fact_title", facts[order])


def read_rows(lake: Path, dataset: str) -> pd.DataFrame:
    """The rows of a dataset's file."""
    [path] = lake.glob(f"Raw/Local/CSV/{dataset}/*/*/*/*.csv")
    rows = pd.read_csv(
        path, sep="|", engine="pyarrow", dtype_backend="pyarrow", na_values=["\\N", ""], keep_default_na=False
    )
    if "anoTermino" not in rows:
        rows["anoTermino"] = pd.Series(pd.NA, index=rows.index, dtype=SMALL)
    rows = rows.astype(NUMBERS)
    rows["kind"] = pd.Series(KINDS[dataset], index=rows.index, dtype=TEXT)
    rows["source_key"] = pd.Series(path.relative_to(lake).as_posix(), index=rows.index, dtype=TEXT)
    rows["row_number"] = pd.Series(range(1, len(rows) + 1), index=rows.index, dtype=LARGE)
    return rows


def tell(rows: pd.DataFrame) -> pd.DataFrame:
    """A row each way in which a title is told, in the order of the file, and in how many ways it is."""
    columns = list(TOLD)
    told = rows.groupby(columns, dropna=False, sort=False).agg(
        rows=("row_number", "size"), source_key=("source_key", "first"), row_number=("row_number", "min")
    )
    told = told.reset_index().rename(columns=TOLD)
    told["variants"] = told.groupby(KEY, sort=False)["rows"].transform("size")
    return told


def read_tmdb(lake: Path) -> pd.DataFrame:
    """The newest record of each title."""
    records: list[dict[str, Any]] = []
    for dataset, kind in KINDS.items():
        for path in lake.glob(f"Raw/TMDB/JSON/{dataset}/*/*/*/*.json"):
            key = path.relative_to(lake).as_posix()
            asked_at = "-".join(key.split("/")[-4:-1])
            records += [
                {
                    "kind": kind,
                    "imdb_id": record.get("imdb_id") or record["external_ids"]["imdb_id"],
                    "tmdb_id": record["id"],
                    "popularity": record["popularity"],
                    "budget": record.get("budget") or None,
                    "revenue": record.get("revenue") or None,
                    "asked_at": asked_at,
                    "source_key": key,
                }
                for record in json.loads(path.read_bytes())
            ]
    found = pd.DataFrame.from_records(records).convert_dtypes(dtype_backend="pyarrow")
    found = found.astype({"popularity": POPULARITY, "budget": LARGE, "revenue": LARGE})
    found["asked_at"] = pd.to_datetime(found["asked_at"])
    return found.sort_values(["asked_at", "source_key"], ascending=False).drop_duplicates(KEY)


if __name__ == "__main__":
    main()
