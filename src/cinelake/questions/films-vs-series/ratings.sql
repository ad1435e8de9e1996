-- For the chart: one row a kind, genre and half point of rating, with the share of the group's rated titles in it.
WITH measured AS (
    SELECT kind, genre, CAST(LEAST(FLOOR(rating * 2), 19) AS INTEGER) AS bin
    FROM members
    WHERE rating IS NOT NULL AND ($min_votes = 0 OR votes >= $min_votes)
),
sizes AS (
    SELECT kind, genre, COUNT(*) AS titles
    FROM measured
    GROUP BY kind, genre
)
SELECT
    measured.kind,
    measured.genre,
    CAST(measured.bin AS DOUBLE) / 2 AS rating,
    CAST(measured.bin + 1 AS DOUBLE) / 2 AS rating_end,
    CAST(COUNT(*) AS DOUBLE) / sizes.titles AS share
FROM measured
JOIN sizes ON sizes.kind = measured.kind AND sizes.genre = measured.genre
GROUP BY measured.kind, measured.genre, measured.bin, sizes.titles
ORDER BY measured.genre, measured.kind, measured.bin
