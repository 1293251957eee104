-- What commands remember, by namespace and key. `pack` and `row` say the rest of a namespace; `until` is in microseconds
-- since 1970, and `bytes` is how much room the value takes.
CREATE TABLE memory (
    namespace TEXT NOT NULL,
    key       TEXT NOT NULL,
    pack      TEXT NOT NULL,
    version   INTEGER NOT NULL,
    until     INTEGER,
    bytes     INTEGER NOT NULL,
    row       TEXT NOT NULL,
    PRIMARY KEY (namespace, key)
) STRICT, WITHOUT ROWID;
-- How much there is, without reading the values.
CREATE INDEX memory_size ON memory (pack, namespace, until, bytes);
CREATE INDEX memory_until ON memory (until) WHERE until IS NOT NULL;
