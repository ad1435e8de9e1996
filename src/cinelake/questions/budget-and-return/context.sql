-- For the chart: the counted films, one for each small field of it. More could not be told apart, and would make the
-- page heavy. Both axes are logarithmic, that of ROI to both sides of 0.
SELECT budget, roi
FROM population
WHERE imdb_id IN (
    SELECT MIN(imdb_id)
    FROM population
    GROUP BY
        FLOOR(LOG10(CAST(budget AS DOUBLE)) * 16 + 0.000001),
        FLOOR(SIGN(roi) * LOG10(1 + ABS(roi)) * 16 + 0.000001)
)
ORDER BY imdb_id
