-- One row a genre.
-- grain: genre
-- column: genre VARCHAR, required: as IMDb names it
SELECT DISTINCT genre
FROM refined.bridge_title_genre
