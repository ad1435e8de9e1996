-- One row an artist row of the files, those without an artist included: every accepted row is here.
-- origin: Local
-- grain: source_key, row_number
-- column: kind VARCHAR, required, one of film/series: by the file that it comes from
-- column: imdb_id VARCHAR, required: IMDb's identifier of the title
-- column: artist VARCHAR: name
-- column: category VARCHAR: what the artist did for the title, as in actress or director
-- column: character VARCHAR: whom an actor played
-- column: birth_year SMALLINT, 0 to 2100: of the artist
-- column: death_year SMALLINT, 0 to 2100: of the artist; unknown also of the living
-- column: professions VARCHAR: the artist's, separated by commas
-- column: known_for VARCHAR: IMDb's identifiers of titles, separated by commas
-- column: source_key VARCHAR, required: object of Raw that the row stands in
-- column: row_number BIGINT, required, at least 1: which row of that file it is, without those that cannot be split
-- reference: kind, imdb_id to trusted.titles
WITH rows_of_artists AS (
    SELECT
        'film' AS kind, id, nomeArtista, generoArtista, personagem, anoNascimento, anoFalecimento, profissao,
        titulosMaisConhecidos, source_key, row_number
    FROM raw.movies
    UNION ALL
    SELECT
        'series' AS kind, id, nomeArtista, generoArtista, personagem, anoNascimento, anoFalecimento, profissao,
        titulosMaisConhecidos, source_key, row_number
    FROM raw.series
)
SELECT
    kind,
    id AS imdb_id,
    nomeArtista AS artist,
    generoArtista AS category,
    personagem AS character,
    anoNascimento AS birth_year,
    anoFalecimento AS death_year,
    profissao AS professions,
    titulosMaisConhecidos AS known_for,
    source_key,
    row_number
FROM rows_of_artists
