-- What an operation's messages said last where they can be neither edited nor recognised when they are said again.
CREATE TABLE announced (
    operation TEXT NOT NULL,
    slot      INTEGER NOT NULL,
    state     TEXT NOT NULL,
    plan      BLOB NOT NULL,
    PRIMARY KEY (operation, slot)
) STRICT, WITHOUT ROWID;
