-- How many clients are refused or failed as of their last outcome, and how many are on hold.
SELECT
    (SELECT count(*) FROM lethe_outcomes AS o WHERE o.outcome = 'refused' AND o.sweep =
        (SELECT max(l.sweep) FROM lethe_outcomes AS l WHERE l.client_key = o.client_key)) AS refused,
    (SELECT count(*) FROM lethe_outcomes AS o WHERE o.outcome = 'failed' AND o.sweep =
        (SELECT max(l.sweep) FROM lethe_outcomes AS l WHERE l.client_key = o.client_key)) AS failed,
    (SELECT count(*) FROM lethe_holds WHERE released_at IS NULL) AS on_hold
