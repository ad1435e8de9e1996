-- One row a row or record of Raw that could not be read or typed, with where it stands and why.
-- origin: Local
SELECT dataset, source_key, line, "column", reason, text
FROM raw.rejects
