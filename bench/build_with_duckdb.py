"""The tables of `cinelake build` as a script makes them with DuckDB.

python build_with_duckdb.py LAKE OUT: reads what was landed below LAKE/Raw, writes one Parquet file a table.
"""

import sys
from pathlib import Path

import duckdb

TITLE = {"id": "VARCHAR", "tituloPincipal": "VARCHAR", "tituloOriginal": "VARCHAR", "anoLancamento": "SMALLINT"}
REST = {
    "tempoMinutos": "INTEGER", "genero": "VARCHAR", "notaMedia": "DECIMAL(3, 1)", "numeroVotos": "BIGINT",
    "generoArtista": "VARCHAR", "personagem": "VARCHAR", "nomeArtista": "VARCHAR", "anoNascimento": "SMALLINT",
    "anoFalecimento": "SMALLINT", "profissao": "VARCHAR", "titulosMaisConhecidos": "VARCHAR",
}  # fmt: skip
COLUMNS = {"film": TITLE | REST, "series": TITLE | {"anoTermino": "SMALLINT"} | REST}
DATASETS = {"film": "Movies", "series": "Series"}

# Held in memory, a table's rows keep the order of the file, and rowid numbers them.
READ = """
CREATE TABLE {kind} AS
FROM read_csv($path, columns = $columns, header = true, delim = '|', quote = '"', escape = '"', nullstr = '\\N')
"""
TOLD = """
CREATE TABLE told AS
WITH told AS (
    SELECT
        'film' AS kind, id AS imdb_id, tituloPincipal AS title, tituloOriginal AS original_title,
        anoLancamento AS start_year, NULL::SMALLINT AS end_year, tempoMinutos AS runtime_minutes, genero AS genres,
        notaMedia AS rating, numeroVotos AS votes, COUNT(*) AS rows, MIN(rowid) AS first_row
    FROM film
    GROUP BY ALL
    UNION ALL
    SELECT
        'series', id, tituloPincipal, tituloOriginal, anoLancamento, anoTermino, tempoMinutos, genero,
        notaMedia, numeroVotos, COUNT(*), MIN(rowid)
    FROM series
    GROUP BY ALL
)
SELECT
    *, ROW_NUMBER() OVER (PARTITION BY kind, imdb_id ORDER BY first_row) AS place,
    COUNT(*) OVER (PARTITION BY kind, imdb_id) AS variants,
    CASE kind WHEN 'film' THEN $film ELSE $series END AS source_key
FROM told
"""
TABLES = {
    "titles": """
        SELECT
            kind, imdb_id, title, original_title, start_year, end_year, runtime_minutes,
            STRING_SPLIT(NULLIF(genres, ''), ',') AS genres, rating, votes, variants, source_key
        FROM told
        WHERE place = 1
    """,
    "contradictions": """
        SELECT
            kind, imdb_id, title, original_title, start_year, end_year, runtime_minutes, genres, rating, votes, rows,
            source_key, first_row + 1 AS row_number
        FROM told
        WHERE place > 1
    """,
    "credits": """
        SELECT
            'film' AS kind, id AS imdb_id, nomeArtista AS artist, generoArtista AS category, personagem AS character,
            anoNascimento AS birth_year, anoFalecimento AS death_year, profissao AS professions,
            titulosMaisConhecidos AS known_for, $film AS source_key, rowid + 1 AS row_number
        FROM film
        UNION ALL
        SELECT
            'series', id, nomeArtista, generoArtista, personagem, anoNascimento, anoFalecimento, profissao,
            titulosMaisConhecidos, $series, rowid + 1
        FROM series
    """,
    "tmdb": """
        SELECT
            kind, imdb_id, id AS tmdb_id, popularity,
            NULLIF(budget, 0) AS budget, NULLIF(revenue, 0) AS revenue,
            STRPTIME(REGEXP_EXTRACT(filename, '\\d{4}/\\d\\d/\\d\\d'), '%Y/%m/%d') AS asked_at,
            SUBSTR(filename, LENGTH($lake) + 2) AS source_key
        FROM (
            SELECT
                * REPLACE (COALESCE(imdb_id, external_ids.imdb_id) AS imdb_id),
                CASE WHEN CONTAINS(filename, '/JSON/Movies/') THEN 'film' ELSE 'series' END AS kind
            FROM read_json(
                $lake || '/Raw/TMDB/JSON/*/*/*/*/*.json', format = 'array', filename = true,
                columns = {
                    id: 'BIGINT', imdb_id: 'VARCHAR', external_ids: 'STRUCT(imdb_id VARCHAR)',
                    popularity: 'DECIMAL(24, 16)', budget: 'BIGINT', revenue: 'BIGINT'
                }
            )
        )
        QUALIFY ROW_NUMBER() OVER (PARTITION BY kind, imdb_id ORDER BY asked_at DESC, source_key DESC) = 1
    """,
    "bridge_title_genre": """
        SELECT DISTINCT kind, imdb_id, TRIM(genre) AS genre
        FROM (SELECT kind, imdb_id, UNNEST(genres) AS genre FROM titles)
        WHERE TRIM(genre) <> ''
    """,
    "dim_genre": "SELECT DISTINCT genre FROM bridge_title_genre",
    "dim_title": """
        SELECT kind, imdb_id, title, original_title, start_year AS year, end_year, runtime_minutes FROM titles
    """,
    "fact_title": """
        SELECT
            kind, titles.imdb_id, rating, votes, tmdb.imdb_id IS NOT NULL AS in_tmdb, popularity, budget, revenue,
            (revenue - budget)::DOUBLE / budget AS roi
        FROM titles
        LEFT JOIN tmdb USING (kind, imdb_id)
    """,
}


def main() -> None:
    """Reads, then writes one table after the other."""
    lake, out = Path(sys.argv[1]), Path(sys.argv[2])
    connection = duckdb.connect()
    keys = {"lake": str(lake)}
    for kind, dataset in DATASETS.items():
        [path] = lake.glob(f"Raw/Local/CSV/{dataset}/*/*/*/*.csv")
        connection.execute(READ.format(kind=kind), {"path": str(path), "columns": COLUMNS[kind]})
        keys[kind] = path.relative_to(lake).as_posix()
    connection.execute(TOLD, {kind: keys[kind] for kind in DATASETS})
    for table, select in TABLES.items():
        path = out / f"{table}.parquet"
        named = {name: value for name, value in keys.items() if f"${name}" in select}
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)", named)
        connection.execute(f"CREATE VIEW {table} AS FROM '{path}'")


if __name__ == "__main__":
    main()
