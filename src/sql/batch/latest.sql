-- Notes for each client its latest record in the ledger.
UPDATE lethe_batch
SET latest = (SELECT max(o.sweep) FROM lethe_outcomes AS o WHERE o.client_key = lethe_batch.key)
WHERE state NOT IN ('anonymized', 'over', 'busy', 'apart')
