-- One row a genre.
-- grain: genre
SELECT DISTINCT genre
FROM refined.bridge_title_genre
