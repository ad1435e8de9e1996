-- One row a film with a budget or a revenue below the least money, the smallest figure first: it is counted nowhere.
SELECT imdb_id, title, year, budget, revenue
FROM films
WHERE budget < $min_money OR revenue < $min_money
ORDER BY LEAST(COALESCE(budget, revenue), COALESCE(revenue, budget)), imdb_id
