-- One row an artist and title of the genres that is rated by people enough; an artist of several rows counts once in it.
-- Artists of one name are told apart by their year of birth.
WITH credited AS (
    SELECT DISTINCT kind, imdb_id, artist, birth_year
    FROM trusted.credits
    WHERE artist IS NOT NULL
)
SELECT
    credited.artist,
    credited.birth_year,
    credited.kind,
    credited.imdb_id,
    titles.title,
    titles.year,
    fact.rating,
    fact.votes
FROM credited
JOIN refined.fact_title AS fact ON fact.kind = credited.kind AND fact.imdb_id = credited.imdb_id
JOIN refined.dim_title AS titles ON titles.kind = credited.kind AND titles.imdb_id = credited.imdb_id
WHERE
    fact.rating IS NOT NULL
    AND fact.votes >= $least_votes
    AND fact.votes >= $min_votes
    AND EXISTS (
        SELECT 1
        FROM refined.bridge_title_genre AS bridge
        WHERE
            bridge.kind = fact.kind
            AND bridge.imdb_id = fact.imdb_id
            AND bridge.genre IN (SELECT UNNEST($genres))
    )
