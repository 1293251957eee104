-- Schedules: how each stands, as the sum of its events in the journal.
CREATE TABLE schedules (
    name TEXT NOT NULL PRIMARY KEY,
    row TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Names that people and rooms give to orders. `scope` is `@ana` or `web:ops`; `row` is all of it.
CREATE TABLE aliases (
    scope TEXT NOT NULL,
    name  TEXT NOT NULL,
    row   TEXT NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;
