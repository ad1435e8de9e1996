-- One row an artist with titles enough, the best rated first.
WITH ranked AS (
    SELECT
        *,
        ROW_NUMBER() OVER (
            PARTITION BY artist, birth_year ORDER BY rating DESC, votes DESC, kind, imdb_id
        ) AS nth
    FROM works
),
artists AS (
    SELECT
        artist,
        birth_year,
        COUNT(*) AS titles,
        CAST(SUM(rating) AS DOUBLE) / COUNT(*) AS mean_rating,
        SUM(votes) AS votes,
        MAX(CASE WHEN nth = 1 THEN title END) AS best_title,
        MAX(CASE WHEN nth = 1 THEN year END) AS best_year,
        CAST(MAX(rating) AS DOUBLE) AS best_rating
    FROM ranked
    GROUP BY artist, birth_year
    HAVING COUNT(*) >= $least_titles
)
SELECT
    -- Who has the same mean has the same place.
    RANK() OVER (ORDER BY mean_rating DESC) AS place,
    artists.*
FROM artists
ORDER BY mean_rating DESC, titles DESC, votes DESC, artist, COALESCE(birth_year, 0)
