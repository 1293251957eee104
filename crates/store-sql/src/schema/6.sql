-- Who may do what is done by one node at a time. The token only grows; a commit compares it.
CREATE TABLE leases (
    name  TEXT PRIMARY KEY,
    token INTEGER NOT NULL,
    row   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
