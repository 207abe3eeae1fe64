-- Takes or keeps the lease of the process that writes the journal; $3 is now.
UPDATE lethe_journal
SET lease = $1, lease_until = $2
WHERE lease IS NULL OR lease = $1 OR lease_until < $3
