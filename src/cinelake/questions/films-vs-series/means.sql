-- For the chart: one row a kind and genre, the mean rating with what its interval is made of.
WITH sides AS (
    SELECT 'film' AS kind, genre, place, film_n AS n, film_sum AS sum, film_rounded AS rounded, film_squares AS squares
    FROM compared
    WHERE metric = 'rating' AND min_votes = $min_votes
    UNION ALL
    SELECT 'series' AS kind, genre, place, series_n AS n, series_sum AS sum, series_rounded AS rounded, series_squares AS squares
    FROM compared
    WHERE metric = 'rating' AND min_votes = $min_votes
)
SELECT kind, genre, n, sum, rounded, squares
FROM sides
ORDER BY place, genre, kind
