-- One row a title whose decade and genres are known: `chosen` has one of the genres that are asked for.
WITH chosen AS (
    SELECT DISTINCT bridge.kind, bridge.imdb_id
    FROM refined.bridge_title_genre AS bridge
    WHERE bridge.genre IN (SELECT UNNEST($genres))
),
with_genre AS (
    SELECT DISTINCT kind, imdb_id
    FROM refined.bridge_title_genre
)
SELECT
    fact.kind,
    fact.imdb_id,
    CAST(FLOOR(titles.year / 10) * 10 AS INTEGER) AS decade,
    fact.rating,
    chosen.imdb_id IS NOT NULL AS chosen
FROM refined.fact_title AS fact
JOIN refined.dim_title AS titles ON titles.kind = fact.kind AND titles.imdb_id = fact.imdb_id
JOIN with_genre ON with_genre.kind = fact.kind AND with_genre.imdb_id = fact.imdb_id
LEFT JOIN chosen ON chosen.kind = fact.kind AND chosen.imdb_id = fact.imdb_id
WHERE titles.year IS NOT NULL AND ($min_votes = 0 OR fact.votes >= $min_votes)
