-- What the batches of a sweep have deleted, each as an object of JSON.
SELECT rows_gone FROM lethe_batches WHERE sweep = $1 AND rows_gone IS NOT NULL
