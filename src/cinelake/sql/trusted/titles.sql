-- One row a title, as its first row in the files tells it: films from Movies, series from Series.
-- origin: Local
-- grain: kind, imdb_id
WITH rows_of_titles AS (
    SELECT
        'film' AS kind, id, tituloPincipal, tituloOriginal, anoLancamento, NULL AS anoTermino,
        tempoMinutos, genero, notaMedia, numeroVotos, source_key, row_number
    FROM raw.movies
    UNION ALL
    SELECT
        'series' AS kind, id, tituloPincipal, tituloOriginal, anoLancamento, anoTermino,
        tempoMinutos, genero, notaMedia, numeroVotos, source_key, row_number
    FROM raw.series
)
SELECT
    kind,
    id AS imdb_id,
    tituloPincipal AS title,
    tituloOriginal AS original_title,
    CAST(anoLancamento AS SMALLINT) AS start_year,
    CAST(anoTermino AS SMALLINT) AS end_year,
    CAST(tempoMinutos AS INTEGER) AS runtime_minutes,
    STRING_SPLIT(NULLIF(genero, ''), ',') AS genres,
    CAST(notaMedia AS DECIMAL(3, 1)) AS rating,
    CAST(numeroVotos AS BIGINT) AS votes,
    source_key
FROM rows_of_titles
QUALIFY ROW_NUMBER() OVER (PARTITION BY kind, id ORDER BY source_key, row_number) = 1
