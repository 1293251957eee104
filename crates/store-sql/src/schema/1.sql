CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The one log. `body` is the record's RFC 8785 JSON, header included; `at`, `kind`, `who` and `operation` repeat
-- the header for searching. Body and salt are NULL once erased.
CREATE TABLE journal (
    seq        INTEGER PRIMARY KEY,
    at         TEXT NOT NULL,
    kind       TEXT NOT NULL,
    who        TEXT,
    operation  TEXT,
    body       TEXT,
    salt       BLOB,
    commitment BLOB NOT NULL,
    hash       BLOB NOT NULL
) STRICT;
-- An index ends with the row's number, so each of these lists by seq too.
CREATE INDEX journal_kind ON journal (kind);
CREATE INDEX journal_who ON journal (who) WHERE who IS NOT NULL;
CREATE INDEX journal_operation ON journal (operation) WHERE operation IS NOT NULL;

-- Below: what the journal adds up to.

CREATE TABLE operations (
    number  INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    state   TEXT NOT NULL,
    asker   TEXT NOT NULL,
    key     TEXT,
    version INTEGER NOT NULL,
    row     TEXT NOT NULL
) STRICT;
CREATE INDEX operations_state ON operations (state);
CREATE INDEX operations_key ON operations (asker, key) WHERE key IS NOT NULL;

-- `input` is NULL once worked off; place and id stay, so that a late repeat is recognised.
CREATE TABLE inbox (
    seq   INTEGER PRIMARY KEY,
    place TEXT NOT NULL,
    id    TEXT NOT NULL,
    input TEXT,
    UNIQUE (place, id)
) STRICT;
CREATE INDEX inbox_open ON inbox (seq) WHERE input IS NOT NULL;

CREATE TABLE messages (
    seq       INTEGER PRIMARY KEY,
    changed   INTEGER NOT NULL,
    at        TEXT NOT NULL,
    place     TEXT NOT NULL,
    thread    INTEGER,
    from_kind TEXT NOT NULL,
    from_id   TEXT NOT NULL,
    from_name TEXT NOT NULL,
    text      TEXT NOT NULL,
    reply     TEXT NOT NULL,
    version   INTEGER NOT NULL,
    operation TEXT,
    key       TEXT
) STRICT;
CREATE INDEX messages_place ON messages (place);
CREATE INDEX messages_changed ON messages (place, changed);
CREATE UNIQUE INDEX messages_key ON messages (key) WHERE key IS NOT NULL;

CREATE TABLE locks (
    key        TEXT PRIMARY KEY,
    owner      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    at         TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE links (
    hash       BLOB PRIMARY KEY,
    person     TEXT NOT NULL,
    made_by    TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at    TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    hash       BLOB PRIMARY KEY,
    person     TEXT NOT NULL,
    created_at TEXT NOT NULL,
    seen_at    TEXT NOT NULL,
    ended_at   TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    hash       BLOB PRIMARY KEY,
    name       TEXT NOT NULL,
    scope      TEXT NOT NULL,
    made_by    TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    revoked_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_name ON tokens (name, created_at);

-- Output of runs, beside the journal.
CREATE TABLE op_log (
    operation TEXT NOT NULL,
    number    INTEGER NOT NULL,
    at        TEXT NOT NULL,
    step      TEXT NOT NULL,
    stream    TEXT NOT NULL,
    text      TEXT NOT NULL,
    PRIMARY KEY (operation, number)
) STRICT, WITHOUT ROWID;
