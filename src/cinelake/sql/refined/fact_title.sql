-- One row a title: its measures, each NULL where unknown. Money is in nominal USD; TMDB has none for series.
-- grain: kind, imdb_id
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
