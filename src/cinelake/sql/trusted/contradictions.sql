-- One row each way in which later rows of a file tell of a title otherwise than its first row, which counts.
-- origin: Local
-- grain: source_key, row_number
-- column: kind VARCHAR, required, one of film/series: by the file that it comes from
-- column: imdb_id VARCHAR, required: IMDb's identifier of the title
-- column: title VARCHAR: as these rows tell it, like all that follows
-- column: original_title VARCHAR: the name in its first language
-- column: start_year SMALLINT, 1870 to 2100: year of release
-- column: end_year SMALLINT, 1870 to 2100: year of a series' last episode
-- column: runtime_minutes INTEGER, at least 1: minutes
-- column: genres VARCHAR: as the file lists them
-- column: rating DECIMAL(3,1), 0 to 10: mean of IMDb users' ratings
-- column: votes BIGINT, at least 0: IMDb users who rated it
-- column: rows BIGINT, required, at least 1: rows that tell this
-- column: source_key VARCHAR, required: object of Raw that the first of them stands in
-- column: row_number BIGINT, required, at least 1: which row of that file it is
-- reference: kind, imdb_id to trusted.titles
WITH rows_of_titles AS (
    SELECT
        'film' AS kind, id, tituloPincipal, tituloOriginal, anoLancamento, CAST(NULL AS SMALLINT) AS anoTermino,
        tempoMinutos, genero, notaMedia, numeroVotos, source_key, row_number, position
    FROM raw.movies
    WHERE id IN (SELECT imdb_id FROM trusted.titles WHERE kind = 'film' AND variants > 1)
    UNION ALL
    SELECT
        'series' AS kind, id, tituloPincipal, tituloOriginal, anoLancamento, anoTermino,
        tempoMinutos, genero, notaMedia, numeroVotos, source_key, row_number, position
    FROM raw.series
    WHERE id IN (SELECT imdb_id FROM trusted.titles WHERE kind = 'series' AND variants > 1)
),
told AS (
    SELECT
        kind, id, tituloPincipal, tituloOriginal, anoLancamento, anoTermino, tempoMinutos, genero, notaMedia,
        numeroVotos, COUNT(*) AS told_rows, MIN(position) AS position, ARG_MIN(source_key, position) AS source_key,
        ARG_MIN(row_number, position) AS row_number
    FROM rows_of_titles
    GROUP BY
        kind, id, tituloPincipal, tituloOriginal, anoLancamento, anoTermino, tempoMinutos, genero, notaMedia,
        numeroVotos
)
SELECT
    kind,
    id AS imdb_id,
    tituloPincipal AS title,
    tituloOriginal AS original_title,
    anoLancamento AS start_year,
    anoTermino AS end_year,
    tempoMinutos AS runtime_minutes,
    genero AS genres,
    CAST(notaMedia AS DECIMAL(3, 1)) AS rating,
    CAST(numeroVotos AS BIGINT) AS votes,
    told_rows AS rows,
    source_key,
    row_number
FROM told
QUALIFY ROW_NUMBER() OVER (PARTITION BY kind, id ORDER BY position) > 1
