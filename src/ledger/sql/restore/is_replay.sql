-- Whether a sweep replays the journal.
SELECT count(*) > 0 FROM lethe_journal WHERE replay = $1
