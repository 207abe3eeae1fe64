-- Lets the clients that {clients} selects be tried again, if their last outcome is `failed`.
UPDATE lethe_outcomes
SET digest = ''
WHERE outcome = 'failed' AND client_key IN ({clients})
    AND sweep = (SELECT max(l.sweep) FROM lethe_outcomes AS l WHERE l.client_key = lethe_outcomes.client_key)
