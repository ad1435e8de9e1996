-- One row a row or record of Raw that could not be read or typed, with where it stands and why.
-- origin: Local
-- column: dataset VARCHAR, required: Movies, Series, or TMDB for records of both
-- column: source_key VARCHAR, required: object of Raw that it stands in
-- column: line BIGINT, at least 1: of the file, where it begins; the header has the first
-- column: column VARCHAR: whose value broke the contract; unknown where the row could not be split into fields
-- column: reason VARCHAR, required: in words
-- column: text VARCHAR: as it stands there, its first 200 characters
SELECT dataset, source_key, line, "column", reason, text
FROM raw.rejects
ORDER BY dataset, source_key, line
