-- Why live sweeps wait for an operator: damaged, origin or key. NULL where an earlier version noted it.
ALTER TABLE lethe_journal ADD COLUMN halted_for TEXT COLLATE "C";
