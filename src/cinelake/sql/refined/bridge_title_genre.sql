-- One row a title and genre: a title has up to three genres, and counts once in each.
-- grain: kind, imdb_id, genre
WITH listed AS (
    SELECT kind, imdb_id, UNNEST(genres) AS genre
    FROM trusted.titles
)
SELECT DISTINCT kind, imdb_id, TRIM(genre) AS genre
FROM listed
WHERE TRIM(genre) <> ''
