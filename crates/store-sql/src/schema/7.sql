-- Charts that have a link, the numbers alone, for a while. A new row's number is above those of all that are there, so
-- the oldest are the lowest.
CREATE TABLE charts (
    number INTEGER PRIMARY KEY,
    id     BLOB NOT NULL UNIQUE,
    place  TEXT NOT NULL,
    until  INTEGER NOT NULL,
    row    TEXT NOT NULL
) STRICT;
CREATE INDEX charts_until ON charts (until);
CREATE INDEX charts_place ON charts (place);
