-- For the chart: one row a title of the artists at the top.
SELECT
    answer.place,
    answer.artist
    || CASE WHEN answer.birth_year IS NULL THEN '' ELSE ' (' || CAST(answer.birth_year AS VARCHAR) || ')' END AS artist,
    answer.mean_rating,
    answer.titles,
    works.title,
    CAST(works.rating AS DOUBLE) AS rating
FROM answer
JOIN works
    ON works.artist = answer.artist AND COALESCE(works.birth_year, 0) = COALESCE(answer.birth_year, 0)
WHERE answer.place <= $drawn
ORDER BY answer.place, works.rating DESC, works.kind, works.imdb_id
