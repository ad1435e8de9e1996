-- One row a film whose budget, revenue and popularity are known; less than the least money is a slip of the keyboard.
SELECT imdb_id, title, year, year - year % 10 AS decade, budget, revenue, roi, popularity
FROM films
WHERE budget >= $min_money AND revenue >= $min_money AND popularity IS NOT NULL
