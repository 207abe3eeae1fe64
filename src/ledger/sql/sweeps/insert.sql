-- Opens a sweep, unless its job's tick has one or one on the same terms runs.
INSERT INTO lethe_sweeps (job, tick, skipped, kind, filters, cap, force, today, cutoff, digest, state, note,
    opened_by, opened_at, closed_at, over_brake, terms, zone, allowance, row_allowance, client_table)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
ON CONFLICT DO NOTHING
RETURNING id
