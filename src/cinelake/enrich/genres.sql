-- One row a genre of the titles.
WITH listed AS (
    SELECT DISTINCT genero FROM raw.movies
    UNION
    SELECT DISTINCT genero FROM raw.series
),
genres AS (
    SELECT UNNEST(STRING_SPLIT(genero, ',')) AS genre
    FROM listed
)
SELECT DISTINCT TRIM(genre) AS genre
FROM genres
WHERE TRIM(genre) <> ''
ORDER BY genre
