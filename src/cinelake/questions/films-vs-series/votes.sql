-- For the chart: one row a kind, genre and quarter of a decade of votes, with the share of the group's titles in it.
-- Titles without a single vote have no place on a logarithmic axis.
WITH measured AS (
    SELECT kind, genre, CAST(FLOOR(LOG10(CAST(votes AS DOUBLE)) * 4 + 0.000001) AS INTEGER) AS bin
    FROM members
    WHERE votes > 0 AND ($min_votes = 0 OR votes >= $min_votes)
),
sizes AS (
    SELECT kind, genre, COUNT(*) AS titles
    FROM measured
    GROUP BY kind, genre
)
SELECT
    measured.kind,
    measured.genre,
    ROUND(POWER(10, CAST(measured.bin AS DOUBLE) / 4), 3) AS votes,
    ROUND(POWER(10, CAST(measured.bin + 1 AS DOUBLE) / 4), 3) AS votes_end,
    CAST(COUNT(*) AS DOUBLE) / sizes.titles AS share
FROM measured
JOIN sizes ON sizes.kind = measured.kind AND sizes.genre = measured.genre
GROUP BY measured.kind, measured.genre, measured.bin, sizes.titles
ORDER BY measured.genre, measured.kind, measured.bin
