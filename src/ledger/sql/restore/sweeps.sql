-- A sweep of which the journal has an outcome, so that no later one gets its number. {rows} are the records in $1.
INSERT INTO lethe_sweeps (id, kind, filters, today, digest, state, note, cut, opened_by, opened_at, closed_at)
SELECT r.sweep, min(r.kind), '{}', substr(min(r.at), 1, 10), min(r.digest), 'done', $2, 1, 'the journal', min(r.at),
    max(r.at)
FROM {rows}
WHERE TRUE
GROUP BY r.sweep
ON CONFLICT (id) DO NOTHING
