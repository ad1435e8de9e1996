-- The same for titles with at least so many votes each: does the answer hang on those that few have seen?
SELECT
    genre, metric, min_votes,
    film_n, film_sum, film_rounded, film_squares,
    series_n, series_sum, series_rounded, series_squares,
    prob_series_higher
FROM compared
WHERE min_votes IN (SELECT UNNEST($sensitivity))
ORDER BY place, genre, metric_place, min_votes
