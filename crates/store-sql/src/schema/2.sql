-- Events are traffic: none of them is searched for by kind or by who, and there are more of them than of all else.
DROP INDEX journal_kind;
CREATE INDEX journal_kind ON journal (kind) WHERE kind <> 'event';
DROP INDEX journal_who;
CREATE INDEX journal_who ON journal (who) WHERE who IS NOT NULL AND kind <> 'event';

-- Events. What happened stands in the journal's body; here is what leads to it. `key` is the first 16 bytes of the
-- SHA-256 of the source and its id, by which a repeat is told; `payload` is the event whose payload it came in.
CREATE TABLE events (
    seq     INTEGER PRIMARY KEY,
    key     BLOB NOT NULL UNIQUE,
    source  TEXT NOT NULL,
    object  TEXT,
    payload INTEGER
) STRICT;
CREATE INDEX events_source ON events (source);
CREATE INDEX events_object ON events (object) WHERE object IS NOT NULL;

-- Requests' bodies as LZ4 blocks, until they are forgotten. `at` is in microseconds.
CREATE TABLE payloads (
    seq    INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    at     INTEGER NOT NULL,
    length INTEGER NOT NULL,
    packed BLOB NOT NULL
) STRICT;
CREATE INDEX payloads_age ON payloads (source, at);

-- Where events went. The last of them is how far routing has got.
CREATE TABLE traces (
    event INTEGER PRIMARY KEY,
    row   TEXT NOT NULL
) STRICT;

-- Messages in rooms that are kept up to date. `row` is all of it; `shown` and the receipt are how far showing it
-- has got.
CREATE TABLE slots (
    number        INTEGER PRIMARY KEY,
    place         TEXT NOT NULL,
    thread        INTEGER,
    turn          INTEGER NOT NULL,
    post          INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    place_count   INTEGER NOT NULL,
    due           TEXT,
    shown         INTEGER NOT NULL,
    receipt_place TEXT,
    receipt       TEXT,
    row           TEXT NOT NULL
) STRICT;
CREATE INDEX slots_to_post ON slots (place, turn) WHERE shown = 0 AND version > 0;
CREATE INDEX slots_to_edit ON slots (place, turn) WHERE shown > 0 AND shown < version;
CREATE INDEX slots_due ON slots (number) WHERE due IS NOT NULL;
CREATE INDEX slots_receipt ON slots (receipt_place, receipt) WHERE receipt IS NOT NULL;
CREATE INDEX slots_count ON slots (place, place_count);

-- The newest slot of an object in a place.
CREATE TABLE slot_objects (
    place  TEXT NOT NULL,
    object TEXT NOT NULL,
    slot   INTEGER NOT NULL,
    PRIMARY KEY (place, object)
) STRICT, WITHOUT ROWID;

-- Lines that wait to be said.
CREATE TABLE lines (
    number INTEGER PRIMARY KEY,
    place  TEXT NOT NULL,
    thread INTEGER,
    row    TEXT NOT NULL
) STRICT;
CREATE INDEX lines_place ON lines (place);

-- The highest number of a slot or line that was ever given; lines go, and their numbers do not come again.
CREATE TABLE numbers (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    last INTEGER NOT NULL
) STRICT;

CREATE TABLE mutes (
    place TEXT NOT NULL,
    what  TEXT NOT NULL,
    row   TEXT NOT NULL,
    PRIMARY KEY (place, what)
) STRICT, WITHOUT ROWID;
