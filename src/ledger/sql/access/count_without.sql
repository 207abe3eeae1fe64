-- How many refused requests of a day are recorded that lacked this.
SELECT count(*) FROM lethe_requests WHERE needs = $1 AND at >= $2 AND allowed = 0
