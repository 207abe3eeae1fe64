-- Clients that a sweep's brake still lets it take; NULL without a limit.
SELECT allowance - taken FROM lethe_sweeps WHERE id = $1
