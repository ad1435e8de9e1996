-- One row a kind and decade: the titles of the chosen genres beside those of the others.
SELECT
    kind,
    decade,
    SUM(CASE WHEN chosen THEN 1 ELSE 0 END) AS titles,
    CAST(SUM(CASE WHEN chosen THEN rating END) AS DOUBLE)
    / NULLIF(SUM(CASE WHEN chosen AND rating IS NOT NULL THEN 1 ELSE 0 END), 0) AS mean_rating,
    SUM(CASE WHEN chosen THEN 0 ELSE 1 END) AS other_titles,
    CAST(SUM(CASE WHEN NOT chosen THEN rating END) AS DOUBLE)
    / NULLIF(SUM(CASE WHEN NOT chosen AND rating IS NOT NULL THEN 1 ELSE 0 END), 0) AS other_mean_rating,
    CAST(SUM(CASE WHEN chosen THEN 1 ELSE 0 END) AS DOUBLE) / COUNT(*) AS share
FROM films_and_series
GROUP BY kind, decade
ORDER BY kind, decade
