-- One row a person who is an artist of a title.
SELECT names.nconst, names.primaryName, names.birthYear, names.deathYear, names.primaryProfession, names.knownForTitles
FROM imdb.names AS names
SEMI JOIN imdb.artists USING (nconst)
