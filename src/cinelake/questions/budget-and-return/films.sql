-- One row a film that has any of the genres, with what TMDB knows of it.
SELECT
    fact.imdb_id,
    titles.title,
    titles.year,
    fact.in_tmdb,
    fact.budget,
    fact.revenue,
    fact.roi,
    CAST(fact.popularity AS DOUBLE) AS popularity
FROM refined.fact_title AS fact
JOIN refined.dim_title AS titles ON titles.kind = fact.kind AND titles.imdb_id = fact.imdb_id
WHERE
    fact.kind = 'film'
    AND ($min_votes = 0 OR fact.votes >= $min_votes)
    AND fact.imdb_id IN (
        SELECT bridge.imdb_id
        FROM refined.bridge_title_genre AS bridge
        WHERE bridge.kind = 'film' AND bridge.genre IN (SELECT UNNEST($genres))
    )
