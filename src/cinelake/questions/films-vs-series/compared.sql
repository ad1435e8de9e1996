-- One row a genre, metric and least number of votes: for each kind how many values, their sum and that of their squares,
-- exact; and how often a series has the greater value than a film, among all pairs of the two (ties count half).
WITH chosen AS (
    SELECT UNNEST($sensitivity) AS min_votes
    UNION
    SELECT $min_votes AS min_votes
),
genres AS (
    SELECT 'any' AS genre, 0 AS place
    UNION ALL
    SELECT 'all' AS genre, 1 AS place
    UNION ALL
    SELECT UNNEST($genres) AS genre, 2 AS place
),
metrics AS (
    SELECT 'rating' AS metric, 0 AS metric_place
    UNION ALL
    SELECT 'votes' AS metric, 1 AS metric_place
    UNION ALL
    SELECT 'popularity' AS metric, 2 AS metric_place
),
measures AS (
    SELECT kind, genre, votes, 'rating' AS metric, CAST(rating AS DECIMAL(26, 16)) AS value FROM members
    UNION ALL
    SELECT kind, genre, votes, 'votes' AS metric, CAST(votes AS DECIMAL(26, 16)) AS value FROM members
    UNION ALL
    SELECT kind, genre, votes, 'popularity' AS metric, CAST(popularity AS DECIMAL(26, 16)) AS value FROM members
),
-- Six decimals are enough for squares, and leave room for their sum. Of these two widths every engine makes a product
-- with twelve.
squared AS (
    SELECT
        *,
        CAST(value AS DECIMAL(19, 6)) AS rounded,
        CAST(value AS DECIMAL(19, 6)) * CAST(value AS DECIMAL(18, 6)) AS square
    FROM measures
    WHERE value IS NOT NULL
),
counted AS (
    SELECT
        squared.genre,
        squared.metric,
        chosen.min_votes,
        squared.value,
        SUM(CASE WHEN squared.kind = 'film' THEN 1 ELSE 0 END) AS films,
        SUM(CASE WHEN squared.kind = 'series' THEN 1 ELSE 0 END) AS series,
        SUM(CASE WHEN squared.kind = 'film' THEN squared.value END) AS film_sum,
        SUM(CASE WHEN squared.kind = 'series' THEN squared.value END) AS series_sum,
        SUM(CASE WHEN squared.kind = 'film' THEN squared.rounded END) AS film_rounded,
        SUM(CASE WHEN squared.kind = 'series' THEN squared.rounded END) AS series_rounded,
        SUM(CASE WHEN squared.kind = 'film' THEN squared.square END) AS film_squares,
        SUM(CASE WHEN squared.kind = 'series' THEN squared.square END) AS series_squares
    FROM squared
    JOIN chosen ON chosen.min_votes = 0 OR squared.votes >= chosen.min_votes
    GROUP BY squared.genre, squared.metric, chosen.min_votes, squared.value
),
ranked AS (
    SELECT *, SUM(films) OVER (PARTITION BY genre, metric, min_votes ORDER BY value) - films AS films_below
    FROM counted
),
summed AS (
    SELECT
        genre,
        metric,
        min_votes,
        SUM(films) AS film_n,
        SUM(film_sum) AS film_sum,
        SUM(film_rounded) AS film_rounded,
        SUM(film_squares) AS film_squares,
        SUM(series) AS series_n,
        SUM(series_sum) AS series_sum,
        SUM(series_rounded) AS series_rounded,
        SUM(series_squares) AS series_squares,
        SUM(series * (2 * films_below + films)) AS wins_twice
    FROM ranked
    GROUP BY genre, metric, min_votes
)
SELECT
    genres.genre,
    metrics.metric,
    chosen.min_votes,
    COALESCE(summed.film_n, 0) AS film_n,
    summed.film_sum,
    summed.film_rounded,
    summed.film_squares,
    COALESCE(summed.series_n, 0) AS series_n,
    summed.series_sum,
    summed.series_rounded,
    summed.series_squares,
    CAST(summed.wins_twice AS DOUBLE)
    / NULLIF(2 * CAST(summed.film_n AS DOUBLE) * CAST(summed.series_n AS DOUBLE), 0) AS prob_series_higher,
    genres.place,
    metrics.metric_place
FROM genres
CROSS JOIN metrics
CROSS JOIN chosen
LEFT JOIN summed
    ON summed.genre = genres.genre AND summed.metric = metrics.metric AND summed.min_votes = chosen.min_votes
