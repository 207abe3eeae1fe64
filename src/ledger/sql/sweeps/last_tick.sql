-- When the last sweep of a tick was opened. Retention sweeps do not count as a night.
SELECT max(opened_at) FROM lethe_sweeps WHERE tick IS NOT NULL AND kind <> 'retention'
