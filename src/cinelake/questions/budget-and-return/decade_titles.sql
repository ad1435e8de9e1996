-- One row a film in one of the two corners of its own decade: the first of each decade, then the second of each, and on.
WITH grouped AS (
    SELECT 'big_low_low' AS "group", 1 AS place, films.roi AS sort_key, films.*
    FROM population AS films
    JOIN decade_figures AS figures ON figures.decade = films.decade
    WHERE
        films.budget >= figures.budget_q3
        AND films.roi <= figures.roi_q1
        AND films.popularity <= figures.popularity_q1
    UNION ALL
    SELECT 'small_high_high' AS "group", 2 AS place, -films.roi AS sort_key, films.*
    FROM population AS films
    JOIN decade_figures AS figures ON figures.decade = films.decade
    WHERE
        films.budget <= figures.budget_q1
        AND films.roi >= figures.roi_q3
        AND films.popularity >= figures.popularity_q3
),
ranked AS (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY place, decade ORDER BY sort_key, imdb_id) AS decade_place
    FROM grouped
)
SELECT "group", decade, decade_place, imdb_id, title, year, budget, revenue, roi, popularity
FROM ranked
ORDER BY place, decade_place, decade
