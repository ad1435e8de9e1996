-- One row a decade with enough films for quantiles to mean something: what summary.sql has of all of them.
SELECT
    decade,
    COUNT(*) AS films,
    PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY CAST(budget AS DOUBLE)) AS median_budget,
    PERCENTILE_CONT($low) WITHIN GROUP (ORDER BY CAST(budget AS DOUBLE)) AS budget_q1,
    PERCENTILE_CONT($high) WITHIN GROUP (ORDER BY CAST(budget AS DOUBLE)) AS budget_q3,
    PERCENTILE_CONT($low) WITHIN GROUP (ORDER BY roi) AS roi_q1,
    PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY roi) AS median_roi,
    PERCENTILE_CONT($high) WITHIN GROUP (ORDER BY roi) AS roi_q3,
    PERCENTILE_CONT($low) WITHIN GROUP (ORDER BY popularity) AS popularity_q1,
    PERCENTILE_CONT($high) WITHIN GROUP (ORDER BY popularity) AS popularity_q3,
    CAST(SUM(revenue) - SUM(budget) AS DOUBLE) / CAST(SUM(budget) AS DOUBLE) AS aggregate_roi,
    CAST(SUM(CASE WHEN roi > 0 THEN 1 ELSE 0 END) AS DOUBLE) / COUNT(*) AS profitable_share
FROM population
WHERE decade IS NOT NULL
GROUP BY decade
HAVING COUNT(*) >= $decade_films
ORDER BY decade
