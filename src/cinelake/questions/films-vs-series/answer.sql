-- One row a kind and genre. Sums are of decimals, which come out the same in any order.
WITH kinds AS (
    SELECT 'film' AS kind
    UNION ALL
    SELECT 'series' AS kind
),
genres AS (
    SELECT 'any' AS genre, 0 AS place
    UNION ALL
    SELECT 'all' AS genre, 1 AS place
    UNION ALL
    SELECT UNNEST($genres) AS genre, 2 AS place
),
measured AS (
    SELECT kind, genre, imdb_id, rating, votes, popularity
    FROM members
    WHERE $min_votes = 0 OR votes >= $min_votes
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
