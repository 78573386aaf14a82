-- Accounts, settings documents, resources, coverage.
-- Written once for both databases: `migrate.rs` says what SERIAL_KEY, TEXT, BYTES and WITHOUT ROWID become.
-- Times are nanoseconds since 1970. A `key` is a text short enough for an index (`key.rs`).

CREATE TABLE home (
  no SERIAL_KEY,
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  administrator TEXT,          -- the account's, for finding its members
  body TEXT,                   -- the account; empty while only its resources are known
  UNIQUE (account, region)
);

CREATE TABLE document (
  kind TEXT NOT NULL,
  home_no BIGINT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (kind, home_no, id)
);

CREATE TABLE resource (
  no SERIAL_KEY,
  home_no BIGINT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  body TEXT NOT NULL,
  gone_at BIGINT,
  parent TEXT,                 -- what groups of it are counted under: machine image, repository
  UNIQUE (home_no, kind, key)
);
CREATE INDEX resource_parent ON resource (kind, parent);

-- What filters look at. A text is split after 512 bytes, so that an index holds it.
CREATE TABLE resource_attribute (
  resource_no BIGINT NOT NULL,
  field BIGINT NOT NULL,
  text TEXT,
  rest TEXT,
  number DOUBLE PRECISION,
  moment BIGINT
);
CREATE INDEX resource_attribute_of ON resource_attribute (resource_no, field, text);
CREATE INDEX resource_attribute_text ON resource_attribute (field, text, resource_no) WHERE text IS NOT NULL;
CREATE INDEX resource_attribute_number ON resource_attribute (field, number, resource_no) WHERE number IS NOT NULL;
CREATE INDEX resource_attribute_moment ON resource_attribute (field, moment, resource_no) WHERE moment IS NOT NULL;

CREATE TABLE coverage (
  resource_no BIGINT NOT NULL,
  scan BIGINT NOT NULL,
  home_no BIGINT NOT NULL,
  active BIGINT NOT NULL,
  reason TEXT NOT NULL,
  mode TEXT,
  last_scanned_at BIGINT,
  changed_at BIGINT NOT NULL,
  unread TEXT,
  PRIMARY KEY (resource_no, scan)
) WITHOUT ROWID;
CREATE INDEX coverage_home ON coverage (home_no, resource_no, scan);
