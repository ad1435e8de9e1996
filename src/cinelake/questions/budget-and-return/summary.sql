-- One row: the population, what is low and high in it (linear interpolation), its return, and how much TMDB knows.
-- With $low = 0.25 and $high = 0.75 what is called q1 and q3 are the quartiles.
WITH coverage AS (
    SELECT
        SUM(CASE WHEN in_tmdb THEN 1 ELSE 0 END) AS matched_in_tmdb,
        COUNT(budget) AS budget_known,
        COUNT(revenue) AS revenue_known
    FROM films
),
figures AS (
    SELECT
        COUNT(*) AS population,
        PERCENTILE_CONT($low) WITHIN GROUP (ORDER BY CAST(budget AS DOUBLE)) AS budget_q1,
        PERCENTILE_CONT($high) WITHIN GROUP (ORDER BY CAST(budget AS DOUBLE)) AS budget_q3,
        PERCENTILE_CONT($low) WITHIN GROUP (ORDER BY roi) AS roi_q1,
        PERCENTILE_CONT($high) WITHIN GROUP (ORDER BY roi) AS roi_q3,
        PERCENTILE_CONT($low) WITHIN GROUP (ORDER BY popularity) AS popularity_q1,
        PERCENTILE_CONT($high) WITHIN GROUP (ORDER BY popularity) AS popularity_q3,
        PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY roi) AS median_roi,
        CAST(SUM(revenue) - SUM(budget) AS DOUBLE) / CAST(SUM(budget) AS DOUBLE) AS aggregate_roi,
        CAST(SUM(CASE WHEN roi > 0 THEN 1 ELSE 0 END) AS DOUBLE) / NULLIF(COUNT(*), 0) AS profitable_share
    FROM population
)
SELECT
    figures.population,
    figures.budget_q1,
    figures.budget_q3,
    figures.roi_q1,
    figures.roi_q3,
    figures.popularity_q1,
    figures.popularity_q3,
    figures.median_roi,
    figures.aggregate_roi,
    figures.profitable_share,
    COALESCE(coverage.matched_in_tmdb, 0) AS matched_in_tmdb,
    coverage.budget_known,
    coverage.revenue_known,
    (SELECT COUNT(*) FROM implausible) AS implausible
FROM figures
CROSS JOIN coverage
