-- For the chart: one row a kind and genre, the median of the votes that have a place on a logarithmic axis.
WITH genres AS (
    SELECT 'any' AS genre, 0 AS place
    UNION ALL
    SELECT 'all' AS genre, 1 AS place
    UNION ALL
    SELECT UNNEST($genres) AS genre, 2 AS place
)
SELECT
    members.kind,
    genres.genre,
    COUNT(*) AS n,
    PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY CAST(members.votes AS DOUBLE)) AS median
FROM genres
JOIN members ON members.genre = genres.genre
WHERE members.votes > 0 AND ($min_votes = 0 OR members.votes >= $min_votes)
GROUP BY members.kind, genres.genre, genres.place
ORDER BY genres.place, genres.genre, members.kind
