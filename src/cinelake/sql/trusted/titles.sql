-- One row a title, as its first row in the files tells it: films from Movies, series from Series.
-- origin: Local
-- grain: kind, imdb_id
-- column: kind VARCHAR, required, one of film/series: by the file that it comes from
-- column: imdb_id VARCHAR, required: IMDb's identifier of the title
-- column: title VARCHAR: the name that it is known by
-- column: original_title VARCHAR: the name in its first language
-- column: start_year SMALLINT, 1870 to 2100: year of release, of a series of its first episode
-- column: end_year SMALLINT, 1870 to 2100: year of a series' last episode; unknown for films
-- column: runtime_minutes INTEGER, at least 1: minutes; of a series, those of an episode
-- column: genres VARCHAR[]: up to three, as the file lists them
-- column: rating DECIMAL(3,1), 0 to 10: mean of IMDb users' ratings
-- column: votes BIGINT, at least 0: IMDb users who rated it
-- column: variants BIGINT, required, at least 1: how differently its rows tell of it; more than 1 is a contradiction
-- column: source_key VARCHAR, required: object of Raw that its first row stands in
WITH rows_of_titles AS (
    SELECT
        'film' AS kind, id, tituloPincipal, tituloOriginal, anoLancamento, CAST(NULL AS SMALLINT) AS anoTermino,
        tempoMinutos, genero, notaMedia, numeroVotos, source_key, position
    FROM raw.movies
    UNION ALL
    SELECT
        'series' AS kind, id, tituloPincipal, tituloOriginal, anoLancamento, anoTermino,
        tempoMinutos, genero, notaMedia, numeroVotos, source_key, position
    FROM raw.series
),
-- The rows of a title differ in its artist alone, as a rule: then one is left.
told AS (
    SELECT
        kind, id, tituloPincipal, tituloOriginal, anoLancamento, anoTermino, tempoMinutos, genero, notaMedia,
        numeroVotos, MIN(position) AS position, ARG_MIN(source_key, position) AS source_key
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
    STRING_SPLIT(NULLIF(genero, ''), ',') AS genres,
    CAST(notaMedia AS DECIMAL(3, 1)) AS rating,
    CAST(numeroVotos AS BIGINT) AS votes,
    COUNT(*) OVER (PARTITION BY kind, id) AS variants,
    source_key
FROM told
QUALIFY ROW_NUMBER() OVER (PARTITION BY kind, id ORDER BY position) = 1
