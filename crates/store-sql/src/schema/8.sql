-- Files that people sent, for a while: how each stands, and its bytes in parts, so that nobody reads or writes a whole one
-- at once. While one comes in it is not whole, and `bytes` is what it may become.
CREATE TABLE files (
    number INTEGER PRIMARY KEY,
    id     BLOB NOT NULL UNIQUE,
    place  TEXT NOT NULL,
    name   TEXT NOT NULL,
    kind   TEXT NOT NULL,
    bytes  INTEGER NOT NULL,
    hash   BLOB NOT NULL,
    at     INTEGER NOT NULL,
    until  INTEGER NOT NULL,
    whole  INTEGER NOT NULL
) STRICT;
CREATE INDEX files_until ON files (until);
CREATE INDEX files_bytes ON files (bytes);
CREATE TABLE file_parts (
    file   BLOB NOT NULL,
    number INTEGER NOT NULL,
    bytes  BLOB NOT NULL,
    PRIMARY KEY (file, number)
) STRICT;
