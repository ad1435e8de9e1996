-- One row a title that has a rating: the films of movies.csv and the series of series.csv, adult titles aside.
SELECT
    basics.tconst,
    CASE basics.titleType WHEN 'movie' THEN 'Movies' ELSE 'Series' END AS dataset,
    basics.primaryTitle,
    basics.originalTitle,
    basics.startYear,
    basics.endYear,
    basics.runtimeMinutes,
    basics.genres,
    ratings.averageRating,
    ratings.numVotes
FROM imdb.basics AS basics
JOIN imdb.ratings AS ratings USING (tconst)
WHERE
    basics.titleType IN ('movie', 'tvSeries', 'tvMiniSeries')
    AND basics.isAdult IS DISTINCT FROM '1'
    AND CAST(ratings.numVotes AS BIGINT) >= $min_votes
