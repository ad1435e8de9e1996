-- One row a title in each group that it belongs to; `any`: it has one of the genres, `all`: it has each of them.
WITH chosen AS (
    SELECT UNNEST($genres) AS genre
),
matched AS (
    SELECT bridge.kind, bridge.imdb_id, bridge.genre
    FROM refined.bridge_title_genre AS bridge
    JOIN chosen ON chosen.genre = bridge.genre
),
any_or_all AS (
    SELECT kind, imdb_id, COUNT(*) AS genres
    FROM matched
    GROUP BY kind, imdb_id
),
grouped AS (
    SELECT kind, imdb_id, 'any' AS genre FROM any_or_all
    UNION ALL
    SELECT kind, imdb_id, 'all' AS genre FROM any_or_all WHERE genres = (SELECT COUNT(*) FROM chosen)
    UNION ALL
    SELECT kind, imdb_id, genre FROM matched
)
SELECT grouped.kind, grouped.genre, fact.imdb_id, fact.rating, fact.votes, fact.popularity
FROM grouped
JOIN refined.fact_title AS fact ON fact.kind = grouped.kind AND fact.imdb_id = grouped.imdb_id
