"""The tables of `cinelake build` as a script makes them with Polars.

python build_with_polars.py LAKE OUT: reads what was landed below LAKE/Raw, writes one Parquet file a table.
"""

import sys
from datetime import date
from pathlib import Path

import polars as pl

Columns = dict[str, pl.DataType | type[pl.DataType]]
TITLE: Columns = {"id": pl.String, "tituloPincipal": pl.String, "tituloOriginal": pl.String, "anoLancamento": pl.Int16}
REST: Columns = {
    "tempoMinutos": pl.Int32, "genero": pl.String, "notaMedia": pl.Decimal(3, 1), "numeroVotos": pl.Int64,
    "generoArtista": pl.String, "personagem": pl.String, "nomeArtista": pl.String, "anoNascimento": pl.Int16,
    "anoFalecimento": pl.Int16, "profissao": pl.String, "titulosMaisConhecidos": pl.String,
}  # fmt: skip
SCHEMAS: dict[str, Columns] = {"Movies": TITLE | REST, "Series": TITLE | {"anoTermino": pl.Int16} | REST}
KINDS = {"Movies": "film", "Series": "series"}
RECORD: Columns = {
    "id": pl.Int64, "imdb_id": pl.String, "external_ids": pl.Struct({"imdb_id": pl.String}), "popularity": pl.Float64,
    "budget": pl.Int64, "revenue": pl.Int64,
}  # fmt: skip
TOLD = {
    "kind": "kind", "id": "imdb_id", "tituloPincipal": "title", "tituloOriginal": "original_title",
    "anoLancamento": "start_year", "anoTermino": "end_year", "tempoMinutos": "runtime_minutes", "genero": "genres",
    "notaMedia": "rating", "numeroVotos": "votes", "source_key": "source_key",
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
    rows = pl.concat([scan(lake, dataset) for dataset in KINDS])
    # Both in one walk through the files.
    told, _ = pl.collect_all([tell(rows), list_credits(rows).sink_parquet(out / "credits.parquet", lazy=True)])
    first = told.filter(pl.col("first_row") == pl.col("first_row").min().over(KEY))
    titles = first.select(
        *KEY, "title", "original_title", "start_year", "end_year", "runtime_minutes",
        pl.when(pl.col("genres") != "").then(pl.col("genres").str.split(",")).alias("genres"),
        "rating", "votes", "variants", "source_key",
    )  # fmt: skip
    later = told.filter(pl.col("variants") > 1, pl.col("first_row") > pl.col("first_row").min().over(KEY))
    contradictions = later.select(
        *KEY, "title", "original_title", "start_year", "end_year", "runtime_minutes", "genres", "rating", "votes",
        "rows", "source_key", row_number="first_row",
    )  # fmt: skip
    tmdb = read_tmdb(lake)
    bridge = (
        titles.lazy()
        .select(*KEY, pl.col("genres").alias("genre"))
        .explode("genre")
        .with_columns(pl.col("genre").str.strip_chars(" "))
        .filter(pl.col("genre") != "")
        .unique()
        .collect()
    )
    known = tmdb.select(*KEY, "popularity", "budget", "revenue", in_tmdb=pl.lit(value=True))
    facts = titles.select(*KEY, "rating", "votes").join(known, on=KEY, how="left")
    tables = {
        "titles": titles,
        "contradictions": contradictions,
        "tmdb": tmdb,
        "bridge_title_genre": bridge,
        "dim_genre": bridge.select("genre").unique(),
        "dim_title": titles.select(
            *KEY, "title", "original_title", pl.col("start_year").alias("year"), "end_year", "runtime_minutes"
        ),
        "fact_title": facts.select(
            *KEY, "rating", "votes", pl.col("in_tmdb").fill_null(value=False), "popularity", "budget", "revenue",
            roi=(pl.col("revenue") - pl.col("budget")).cast(pl.Float64) / pl.col("budget").cast(pl.Float64),
        ),
    }  # fmt: skip
    for table, frame in tables.items():
        frame.write_parquet(out / f"{table}.parquet")


def scan(lake: Path, dataset: str) -> pl.LazyFrame:
    """The rows of a dataset's file."""
    [path] = lake.glob(f"Raw/Local/CSV/{dataset}/*/*/*/*.csv")
    schema = SCHEMAS[dataset]
    rows = pl.scan_csv(
        path, separator="|", schema=schema, null_values="\\N", empty_string_is_null=False,
        row_index_name="row_number", row_index_offset=1,
    )  # fmt: skip
    return rows.select(
        *TITLE, pl.col("anoTermino") if "anoTermino" in schema else pl.lit(None, pl.Int16).alias("anoTermino"), *REST,
        pl.col("row_number").cast(pl.Int64), kind=pl.lit(KINDS[dataset]),
        source_key=pl.lit(path.relative_to(lake).as_posix()),
    )  # fmt: skip


def tell(rows: pl.LazyFrame) -> pl.LazyFrame:
    """A row each way in which a title is told, and in how many ways it is."""
    told = rows.group_by([pl.col(name).alias(alias) for name, alias in TOLD.items()]).agg(
        rows=pl.len().cast(pl.Int64), first_row=pl.col("row_number").min()
    )
    return told.with_columns(variants=pl.len().over(KEY).cast(pl.Int64))


def list_credits(rows: pl.LazyFrame) -> pl.LazyFrame:
    """A row an artist row."""
    return rows.select(pl.col(name).alias(alias) for name, alias in CREDIT.items())


def read_tmdb(lake: Path) -> pl.DataFrame:
    """The newest record of each title."""
    frames = []
    for dataset, kind in KINDS.items():
        for path in lake.glob(f"Raw/TMDB/JSON/{dataset}/*/*/*/*.json"):
            key = path.relative_to(lake).as_posix()
            asked_on = date(*map(int, key.split("/")[-4:-1]))
            frames.append(
                pl.read_json(path, schema=RECORD).with_columns(
                    kind=pl.lit(kind), asked_at=pl.lit(asked_on).cast(pl.Datetime), source_key=pl.lit(key)
                )
            )
    records = pl.concat(frames).select(
        "kind",
        pl.coalesce("imdb_id", pl.col("external_ids").struct.field("imdb_id")).alias("imdb_id"),
        pl.col("id").alias("tmdb_id"),
        pl.col("popularity").cast(pl.Decimal(24, 16)),
        *(pl.when(pl.col(name) != 0).then(pl.col(name)).alias(name) for name in ("budget", "revenue")),
        "asked_at",
        "source_key",
    )
    return records.sort("asked_at", "source_key", descending=True).unique(KEY, keep="first", maintain_order=True)


if __name__ == "__main__":
    main()
