-- One row a title: its measures, each NULL where unknown. Money is in nominal USD; TMDB has none for series.
-- grain: kind, imdb_id
-- column: kind VARCHAR, required, one of film/series: what the title is
-- column: imdb_id VARCHAR, required: IMDb's identifier of the title
-- column: rating DECIMAL(3,1), 0 to 10: mean of IMDb users' ratings
-- column: votes BIGINT, at least 0: IMDb users who rated it
-- column: in_tmdb BOOLEAN, required: whether TMDB has a record of it in this lake
-- column: popularity DECIMAL(24,16), at least 0: TMDB's score, of the day on which it was asked
-- column: budget BIGINT, at least 1: nominal USD
-- column: revenue BIGINT, at least 1: nominal USD
-- column: roi DOUBLE, at least -1: (revenue - budget) / budget
-- reference: kind, imdb_id to refined.dim_title
SELECT
    titles.kind,
    titles.imdb_id,
    titles.rating,
    titles.votes,
    tmdb.imdb_id IS NOT NULL AS in_tmdb,
    tmdb.popularity,
    tmdb.budget,
    tmdb.revenue,
    CAST(tmdb.revenue - tmdb.budget AS DOUBLE) / CAST(tmdb.budget AS DOUBLE) AS roi
FROM trusted.titles AS titles
LEFT JOIN trusted.tmdb AS tmdb
    ON tmdb.kind = titles.kind AND tmdb.imdb_id = titles.imdb_id
