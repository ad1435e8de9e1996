-- One row a reason for which titles of the genres are not counted, and one for those that are. Each film has one reason,
-- the first that holds, so that they sum to all films of the genres. Series are told beside them.
WITH reasons AS (
    SELECT 'no_record' AS reason, 1 AS place
    UNION ALL
    SELECT 'implausible' AS reason, 2 AS place
    UNION ALL
    SELECT 'no_money' AS reason, 3 AS place
    UNION ALL
    SELECT 'no_budget' AS reason, 4 AS place
    UNION ALL
    SELECT 'no_revenue' AS reason, 5 AS place
    UNION ALL
    SELECT 'no_popularity' AS reason, 6 AS place
    UNION ALL
    SELECT 'counted' AS reason, 7 AS place
),
judged AS (
    SELECT
        CASE
            WHEN NOT in_tmdb THEN 'no_record'
            WHEN budget < $min_money OR revenue < $min_money THEN 'implausible'
            WHEN budget IS NULL AND revenue IS NULL THEN 'no_money'
            WHEN budget IS NULL THEN 'no_budget'
            WHEN revenue IS NULL THEN 'no_revenue'
            WHEN popularity IS NULL THEN 'no_popularity'
            ELSE 'counted'
        END AS reason
    FROM films
),
told AS (
    SELECT 'film' AS kind, reasons.reason, reasons.place, COUNT(judged.reason) AS titles
    FROM reasons
    LEFT JOIN judged ON judged.reason = reasons.reason
    GROUP BY reasons.reason, reasons.place
    UNION ALL
    SELECT 'series' AS kind, 'series' AS reason, 8 AS place, COUNT(*) AS titles
    FROM refined.fact_title
    WHERE
        kind = 'series'
        AND ($min_votes = 0 OR votes >= $min_votes)
        AND imdb_id IN (
            SELECT bridge.imdb_id
            FROM refined.bridge_title_genre AS bridge
            WHERE bridge.kind = 'series' AND bridge.genre IN (SELECT UNNEST($genres))
        )
),
sized AS (
    SELECT kind, SUM(titles) AS titles
    FROM told
    GROUP BY kind
)
SELECT
    told.kind,
    told.reason,
    told.titles,
    CAST(told.titles AS DOUBLE) / NULLIF(CAST(sized.titles AS DOUBLE), 0) AS share
FROM told
JOIN sized ON sized.kind = told.kind
ORDER BY told.place
