-- What waits to be written.
SELECT count(*) AS records, min(at) AS since FROM lethe_outbox
