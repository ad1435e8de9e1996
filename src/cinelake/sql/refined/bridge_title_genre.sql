-- One row a title and genre: a title has up to three genres, and counts once in each.
-- grain: kind, imdb_id, genre
-- column: kind VARCHAR, required, one of film/series: what the title is
-- column: imdb_id VARCHAR, required: IMDb's identifier of the title
-- column: genre VARCHAR, required: as IMDb names it
-- reference: kind, imdb_id to refined.dim_title
-- reference: genre to refined.dim_genre
WITH listed AS (
    SELECT kind, imdb_id, UNNEST(genres) AS genre
    FROM trusted.titles
)
SELECT DISTINCT kind, imdb_id, TRIM(BOTH ' ' FROM genre) AS genre
FROM listed
WHERE TRIM(BOTH ' ' FROM genre) <> ''
