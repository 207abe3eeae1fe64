-- How many files and folders of a client are not deleted yet.
SELECT count(*) FROM lethe_deliveries WHERE client_key = $1
