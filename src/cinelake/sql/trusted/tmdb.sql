-- One row a title that TMDB knows: its newest record. TMDB writes 0 for a budget or revenue that it does not know.
-- origin: TMDB
-- grain: kind, imdb_id
-- column: kind VARCHAR, required, one of film/series: what TMDB was asked for
-- column: imdb_id VARCHAR, required: IMDb's identifier of the title
-- column: tmdb_id BIGINT, required, at least 0: TMDB's own
-- column: popularity DECIMAL(24,16), at least 0: TMDB's score, of the day on which it was asked
-- column: budget BIGINT, at least 1: nominal USD; TMDB has none for series
-- column: revenue BIGINT, at least 1: nominal USD; TMDB has none for series
-- column: asked_at TIMESTAMP, required: UTC; when TMDB, or the snapshot, was asked
-- column: source_key VARCHAR, required: object of Raw that the record stands in
SELECT
    kind,
    imdb_id,
    id AS tmdb_id,
    popularity,
    NULLIF(budget, 0) AS budget,
    NULLIF(revenue, 0) AS revenue,
    asked_at,
    source_key
FROM raw.tmdb
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY kind, imdb_id ORDER BY asked_at DESC, source_key DESC, number DESC
) = 1
