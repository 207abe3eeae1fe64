-- The review of an import, and the clients whose rows had no error, if others had.
SELECT review, clients FROM lethe_imports WHERE id = $1
