-- For the chart: one row a title of the artists at the top.
WITH ordered AS (
    SELECT
        *,
        ROW_NUMBER() OVER (
            ORDER BY mean_rating DESC, titles DESC, votes DESC, artist, COALESCE(birth_year, 0)
        ) AS position
    FROM answer
)
SELECT
    answer.place,
    answer.artist
    || CASE WHEN answer.birth_year IS NULL THEN '' ELSE ' (' || CAST(answer.birth_year AS VARCHAR) || ')' END AS artist,
    answer.mean_rating,
    answer.titles,
    works.title,
    CAST(works.rating AS DOUBLE) AS rating
FROM ordered AS answer
JOIN works
    ON works.artist = answer.artist AND COALESCE(works.birth_year, 0) = COALESCE(answer.birth_year, 0)
WHERE answer.position <= $drawn
ORDER BY answer.position, works.rating DESC, works.kind, works.imdb_id
