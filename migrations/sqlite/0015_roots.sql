-- What is known of the roots in which files are deleted: an empty or another one is not taken for them.
CREATE TABLE lethe_roots (
    name        TEXT NOT NULL PRIMARY KEY,  -- in the configuration
    mark        TEXT,                       -- what the file `.lethe-root` in the folder holds; NULL for a bucket, or where it cannot be written
    location    TEXT NOT NULL,              -- the folder's device, or the bucket's URL
    seen_at     TEXT NOT NULL
);
