-- One row a title and artist, and one a title without an artist, in the columns of the course's files.
SELECT
    titles.dataset,
    titles.tconst AS id,
    titles.primaryTitle AS tituloPincipal,
    titles.originalTitle AS tituloOriginal,
    titles.startYear AS anoLancamento,
    titles.endYear AS anoTermino,
    titles.runtimeMinutes AS tempoMinutos,
    titles.genres AS genero,
    titles.averageRating AS notaMedia,
    titles.numVotes AS numeroVotos,
    artists.category AS generoArtista,
    artists.characters AS personagem,
    people.primaryName AS nomeArtista,
    people.birthYear AS anoNascimento,
    people.deathYear AS anoFalecimento,
    people.primaryProfession AS profissao,
    people.knownForTitles AS titulosMaisConhecidos,
    artists.ordering,
    artists.nconst
FROM imdb.titles AS titles
LEFT JOIN imdb.artists AS artists USING (tconst)
LEFT JOIN imdb.people AS people USING (nconst)
