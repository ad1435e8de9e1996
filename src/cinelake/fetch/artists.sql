-- One row an actor or actress of a title.
SELECT principals.tconst, CAST(principals.ordering AS BIGINT) AS ordering, principals.nconst, principals.category,
    CASE
        WHEN NOT JSON_VALID(principals.characters) THEN principals.characters
        WHEN JSON_TYPE(principals.characters) = 'ARRAY'
            THEN NULLIF(ARRAY_TO_STRING(JSON_EXTRACT_STRING(principals.characters, '$[*]'), ', '), '')
        ELSE principals.characters
    END AS characters
FROM imdb.principals AS principals
SEMI JOIN imdb.titles USING (tconst)
WHERE principals.category IN ('actor', 'actress')
