-- One row a genre and metric: films against series.
SELECT
    genre, metric,
    film_n, film_sum, film_rounded, film_squares,
    series_n, series_sum, series_rounded, series_squares,
    prob_series_higher
FROM compared
WHERE min_votes = $min_votes
ORDER BY place, genre, metric_place
