-- One row a title of the configured genres, most votes first.
WITH rows_of_titles AS (
    SELECT 'film' AS kind, id, genero, numeroVotos FROM raw.movies
    UNION ALL
    SELECT 'series' AS kind, id, genero, numeroVotos FROM raw.series
),
genres AS (
    SELECT kind, id, numeroVotos, UNNEST(STRING_SPLIT(genero, ',')) AS genre
    FROM rows_of_titles
)
SELECT kind, id AS imdb_id, MAX(CAST(numeroVotos AS BIGINT)) AS votes
FROM genres
WHERE TRIM(genre) IN (SELECT UNNEST($genres))
GROUP BY kind, id
ORDER BY votes DESC NULLS LAST, imdb_id, kind
