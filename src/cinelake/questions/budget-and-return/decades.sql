-- One row a decade: dollars of 1960 are not dollars of 2020, so each is measured by itself. Figures are unknown where
-- it has too few films; films of an unknown year are in none.
WITH counted AS (
    SELECT decade, COUNT(*) AS films
    FROM population
    WHERE decade IS NOT NULL
    GROUP BY decade
),
grouped AS (
    SELECT
        decade,
        SUM(CASE WHEN "group" = 'big_low_low' THEN 1 ELSE 0 END) AS big_low_low,
        SUM(CASE WHEN "group" = 'small_high_high' THEN 1 ELSE 0 END) AS small_high_high
    FROM decade_titles
    GROUP BY decade
)
SELECT
    counted.decade,
    counted.films,
    figures.median_budget,
    figures.budget_q1,
    figures.budget_q3,
    figures.roi_q1,
    figures.median_roi,
    figures.roi_q3,
    figures.popularity_q1,
    figures.popularity_q3,
    figures.aggregate_roi,
    figures.profitable_share,
    CASE WHEN figures.films > 0 THEN COALESCE(grouped.big_low_low, 0) END AS big_low_low,
    CASE WHEN figures.films > 0 THEN COALESCE(grouped.small_high_high, 0) END AS small_high_high
FROM counted
LEFT JOIN decade_figures AS figures ON figures.decade = counted.decade
LEFT JOIN grouped ON grouped.decade = counted.decade
ORDER BY counted.decade
