-- Makes the journal this database's: its segments up to $2 count, whoever wrote them.
UPDATE lethe_journal
SET database = $1, adopted = $2, copied = NULL, halted_at = NULL, halted_for = NULL, error = NULL, error_at = NULL
