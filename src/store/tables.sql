-- The index: a cache of what the repositories say. Rebuilt when `user_version` differs from FORMAT.
-- Blobs are postcard; see `codec.rs`. Integers only where rows are many.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- One row per repository and revision (empty: the working tree). Written last, in the same transaction as its
-- files and its units, so that a reader sees a whole snapshot or the one before.
CREATE TABLE snapshot (
  id INTEGER PRIMARY KEY,
  repo TEXT NOT NULL,
  root TEXT NOT NULL,
  revision TEXT NOT NULL,
  head TEXT NOT NULL,
  indexed_at INTEGER NOT NULL, -- seconds since the epoch
  info BLOB NOT NULL,
  UNIQUE (root, revision)
);

CREATE TABLE file (
  snapshot INTEGER NOT NULL,
  path TEXT NOT NULL,
  size INTEGER NOT NULL,
  mtime INTEGER NOT NULL,
  hash BLOB NOT NULL,
  tier INTEGER NOT NULL, -- see FileRow
  marks INTEGER NOT NULL,
  PRIMARY KEY (snapshot, path)
) WITHOUT ROWID;

-- Compressed. With row ids: a tree keyed by the hash would keep most of a blob on pages of its own.
CREATE TABLE facts (key BLOB PRIMARY KEY, data BLOB NOT NULL);

-- The statements of one service, by everything they depend on: several snapshots share a unit.
CREATE TABLE unit (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, service TEXT NOT NULL, info BLOB NOT NULL,
  open BLOB NOT NULL, tables BLOB NOT NULL); -- these two are read where they are asked for
CREATE TABLE snapshot_unit (snapshot INTEGER NOT NULL, position INTEGER NOT NULL, unit INTEGER NOT NULL,
  PRIMARY KEY (snapshot, position)) WITHOUT ROWID;
CREATE INDEX snapshot_unit_unit ON snapshot_unit (unit);

-- Many statements a row; see `statements.rs`. By position: `sites` which form it has and at which site it stands, `data`
-- places, `refs` what it names. `forms`: what decides verdicts. All but `sites` are compressed.
CREATE TABLE statements (id INTEGER PRIMARY KEY, unit INTEGER NOT NULL, sites BLOB NOT NULL, forms BLOB NOT NULL,
  data BLOB NOT NULL, refs BLOB NOT NULL);
CREATE INDEX statements_unit ON statements (unit);

-- Which statements of a unit name a table or another object (ASCII letters in lower case): their numbers, each as
-- the distance from the one before.
CREATE TABLE naming (name TEXT NOT NULL COLLATE NOCASE, unit INTEGER NOT NULL, statements BLOB NOT NULL,
  PRIMARY KEY (name, unit)) WITHOUT ROWID;

-- A schema by the hash of the history or dump that it comes from.
-- `names` has the objects of the schema, one a line, in lower case: that a migration is for another database is seen
-- without reading the schema.
CREATE TABLE db_schema (hash BLOB PRIMARY KEY, names TEXT NOT NULL, problems BLOB NOT NULL, data BLOB NOT NULL);
