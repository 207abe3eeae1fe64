-- Whether a sweep has to wait: for an operator, for a replay that it is not, or for a pause.
SELECT
    EXISTS (
        SELECT 1 FROM lethe_journal
        WHERE halted_at IS NOT NULL OR restored_at IS NOT NULL AND (replay IS NULL OR replay <> $1)
    )
    OR EXISTS (
        SELECT 1 FROM lethe_pauses
        WHERE resumed_at IS NULL AND (job IS NULL OR job = (SELECT s.job FROM lethe_sweeps AS s WHERE s.id = $1))
    )
