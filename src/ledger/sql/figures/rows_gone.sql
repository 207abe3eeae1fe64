-- Notes how many old rows a batch has deleted: an object of JSON, by table.
UPDATE lethe_batches SET rows_gone = $2 WHERE id = $1
