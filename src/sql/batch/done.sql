-- Marks those taken as anonymized.
UPDATE lethe_batch SET state = 'anonymized' WHERE state IS NULL
