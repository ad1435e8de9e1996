-- One row an artist row of the files, those without an artist included: every accepted row is here.
-- origin: Local
-- grain: source_key, row_number
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
    CAST(anoNascimento AS SMALLINT) AS birth_year,
    CAST(anoFalecimento AS SMALLINT) AS death_year,
    profissao AS professions,
    titulosMaisConhecidos AS known_for,
    source_key,
    row_number
FROM rows_of_artists
