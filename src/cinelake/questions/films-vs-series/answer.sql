-- One row a kind and genre; `any`: the title has one of the genres, `all`: it has each of them.
-- Sums are of decimals, which come out the same in any order.
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
members AS (
    SELECT kind, imdb_id, 'any' AS genre FROM any_or_all
    UNION ALL
    SELECT kind, imdb_id, 'all' AS genre FROM any_or_all WHERE genres = (SELECT COUNT(*) FROM chosen)
    UNION ALL
    SELECT kind, imdb_id, genre FROM matched
),
measured AS (
    SELECT members.kind, members.genre, fact.imdb_id, fact.rating, fact.votes, fact.popularity
    FROM members
    JOIN refined.fact_title AS fact ON fact.kind = members.kind AND fact.imdb_id = members.imdb_id
    WHERE $min_votes = 0 OR fact.votes >= $min_votes
),
kinds AS (
    SELECT 'film' AS kind
    UNION ALL
    SELECT 'series' AS kind
),
genres AS (
    SELECT 'any' AS genre, 0 AS place
    UNION ALL
    SELECT 'all' AS genre, 1 AS place
    UNION ALL
    SELECT genre, 2 AS place FROM chosen
)
SELECT
    kinds.kind,
    genres.genre,
    COUNT(measured.imdb_id) AS titles,
    CAST(SUM(measured.rating) AS DOUBLE) / NULLIF(COUNT(measured.rating), 0) AS mean_rating,
    PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY CAST(measured.rating AS DOUBLE)) AS median_rating,
    CAST(SUM(measured.rating * measured.votes) AS DOUBLE)
    / NULLIF(CAST(SUM(CASE WHEN measured.rating IS NOT NULL THEN measured.votes END) AS DOUBLE), 0) AS vote_weighted_rating,
    CAST(SUM(measured.votes) AS DOUBLE) / NULLIF(COUNT(measured.votes), 0) AS mean_votes,
    PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY CAST(measured.votes AS DOUBLE)) AS median_votes,
    COUNT(measured.popularity) AS with_popularity,
    CAST(SUM(measured.popularity) AS DOUBLE) / NULLIF(COUNT(measured.popularity), 0) AS mean_popularity,
    PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY CAST(measured.popularity AS DOUBLE)) AS median_popularity
FROM kinds
CROSS JOIN genres
LEFT JOIN measured ON measured.kind = kinds.kind AND measured.genre = genres.genre
GROUP BY kinds.kind, genres.genre, genres.place
ORDER BY kinds.kind, genres.place, genres.genre
