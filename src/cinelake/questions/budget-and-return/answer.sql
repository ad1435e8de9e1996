-- One row a film in one of the two corners, the worst or best return first.
WITH grouped AS (
    SELECT 'big_low_low' AS "group", 1 AS place, films.roi AS sort_key, films.*
    FROM population AS films
    CROSS JOIN summary
    WHERE
        films.budget >= summary.budget_q3
        AND films.roi <= summary.roi_q1
        AND films.popularity <= summary.popularity_q1
    UNION ALL
    SELECT 'small_high_high' AS "group", 2 AS place, -films.roi AS sort_key, films.*
    FROM population AS films
    CROSS JOIN summary
    WHERE
        films.budget <= summary.budget_q1
        AND films.roi >= summary.roi_q3
        AND films.popularity >= summary.popularity_q3
)
SELECT "group", imdb_id, title, year, budget, revenue, roi, popularity
FROM grouped
ORDER BY place, sort_key, imdb_id
