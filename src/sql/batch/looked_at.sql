-- All clients checked, in order: key, state, reasons.
SELECT key, state, reasons FROM lethe_batch WHERE state NOT IN ('over', 'busy', 'apart') ORDER BY n
