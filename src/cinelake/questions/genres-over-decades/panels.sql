-- For the chart: one row a genre, kind and decade that has titles enough. The chosen genres come first, then the largest.
WITH sizes AS (
    SELECT
        bridge.genre,
        COUNT(*) AS titles,
        MAX(CASE WHEN bridge.genre IN (SELECT UNNEST($genres)) THEN 1 ELSE 0 END) AS chosen
    FROM refined.bridge_title_genre AS bridge
    GROUP BY bridge.genre
),
places AS (
    SELECT genre, chosen, ROW_NUMBER() OVER (ORDER BY chosen DESC, titles DESC, genre) AS place
    FROM sizes
)
SELECT
    places.place,
    places.genre,
    places.chosen,
    titles.kind,
    titles.decade,
    COUNT(*) AS titles,
    CAST(SUM(titles.rating) AS DOUBLE) / COUNT(titles.rating) AS mean_rating
FROM places
JOIN refined.bridge_title_genre AS bridge ON bridge.genre = places.genre
JOIN films_and_series AS titles ON titles.kind = bridge.kind AND titles.imdb_id = bridge.imdb_id
WHERE places.place <= $panels
GROUP BY places.place, places.genre, places.chosen, titles.kind, titles.decade
HAVING COUNT(titles.rating) >= $least_titles
ORDER BY places.place, titles.kind, titles.decade
