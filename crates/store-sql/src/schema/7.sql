-- Charts that have a link, the numbers alone, for a while. A row's number only grows, so the oldest are the lowest.
CREATE TABLE charts (
    number INTEGER PRIMARY KEY,
    id     BLOB NOT NULL UNIQUE,
    until  INTEGER NOT NULL,
    row    TEXT NOT NULL
) STRICT;
CREATE INDEX charts_until ON charts (until);
