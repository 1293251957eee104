-- Schedules: how each stands, as the sum of its events in the journal.
CREATE TABLE schedules (
    name TEXT NOT NULL PRIMARY KEY,
    row TEXT NOT NULL
) STRICT, WITHOUT ROWID;
