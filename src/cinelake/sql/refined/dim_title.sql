-- One row a title: what it is called and when it came out.
-- grain: kind, imdb_id
-- column: kind VARCHAR, required, one of film/series: what it is
-- column: imdb_id VARCHAR, required: IMDb's identifier of the title
-- column: title VARCHAR: the name that it is known by
-- column: original_title VARCHAR: the name in its first language
-- column: year SMALLINT, 1870 to 2100: of release, of a series of its first episode
-- column: end_year SMALLINT, 1870 to 2100: of a series' last episode; unknown for films
-- column: runtime_minutes INTEGER, at least 1: minutes; of a series, those of an episode
SELECT
    kind,
    imdb_id,
    title,
    original_title,
    start_year AS year,
    end_year,
    runtime_minutes
FROM trusted.titles
