-- Takes only those with places from $1 up to $2.
DELETE FROM lethe_taken WHERE n < $1 OR n >= $2
