-- One row a title: what it is called and when it came out.
-- grain: kind, imdb_id
SELECT
    kind,
    imdb_id,
    title,
    original_title,
    start_year AS year,
    end_year,
    runtime_minutes
FROM trusted.titles
