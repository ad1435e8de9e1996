-- One row a title that TMDB knows: its newest record. TMDB writes 0 for a budget or revenue that it does not know.
-- origin: TMDB
-- grain: kind, imdb_id
SELECT
    kind,
    imdb_id,
    CAST(id AS BIGINT) AS tmdb_id,
    CAST(popularity AS DECIMAL(24, 16)) AS popularity,
    NULLIF(CAST(budget AS BIGINT), 0) AS budget,
    NULLIF(CAST(revenue AS BIGINT), 0) AS revenue,
    asked_at,
    source_key
FROM raw.tmdb
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY kind, imdb_id ORDER BY asked_at DESC, source_key DESC, line DESC
) = 1
