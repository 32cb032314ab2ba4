-- Percentiles of the time to first token by backend and stage, all rounds together, with DuckDB.
-- Run it in the folder of a run: duckdb < percentiles.sql

SELECT c.backend,
       c.stage,
       count(r.ttft_ms)                            AS requests,
       round(quantile_disc(r.ttft_ms, 0.50), 2)    AS ttft_p50_ms,
       round(quantile_disc(r.ttft_ms, 0.99), 2)    AS ttft_p99_ms,
       round(avg(r.output_tokens), 1)              AS output_tokens
FROM 'requests.csv' AS r
JOIN 'summary.csv' AS c USING (cell)
WHERE r.phase = 'measure' AND r.outcome IN ('completed', 'capped')
GROUP BY ALL
ORDER BY ALL;

-- The same rows as Parquet, typed and small, for whatever reads that.
COPY (SELECT * FROM 'requests.csv') TO 'requests.parquet' (FORMAT parquet);
