-- Marks, leases, cursors, access, audit, usage, files.

CREATE TABLE mark (
  slice TEXT NOT NULL PRIMARY KEY,
  scan BIGINT,                 -- of a row; a column has none
  resource_no BIGINT,
  vulnerability TEXT,
  packages TEXT,               -- ecosystems and names that a column is about
  rank BIGINT NOT NULL,        -- columns before rows
  number BIGINT NOT NULL,
  until BIGINT NOT NULL
);
CREATE INDEX mark_order ON mark (rank, number);

-- Ascending numbers: of marks and of leases.
CREATE TABLE counter (
  name TEXT NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('mark', 0);
POSTGRES CREATE SEQUENCE mark_number;

CREATE TABLE lease (
  name TEXT NOT NULL PRIMARY KEY,
  worker TEXT NOT NULL,
  until BIGINT NOT NULL,
  number BIGINT NOT NULL
);

CREATE TABLE sink_cursor (
  sink TEXT NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);

CREATE TABLE loop_state (
  name TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL
);

CREATE TABLE credential (
  key_id TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL
);

CREATE TABLE seen_signature (
  signature TEXT NOT NULL PRIMARY KEY,
  expires BIGINT NOT NULL
);
CREATE INDEX seen_signature_expires ON seen_signature (expires);

CREATE TABLE audit (
  no SERIAL_KEY,
  home_no BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX audit_home ON audit (home_no, no);

-- One row for a resource, a meter and a day; the hours that were counted are bits.
CREATE TABLE metered (
  resource TEXT NOT NULL,
  meter TEXT NOT NULL,
  day BIGINT NOT NULL,
  home_no BIGINT NOT NULL,
  hours BIGINT NOT NULL,
  amount DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (resource, meter, day)
) WITHOUT ROWID;
CREATE INDEX metered_home ON metered (home_no, day, meter);

CREATE TABLE file (
  name TEXT NOT NULL PRIMARY KEY,
  written BIGINT NOT NULL
);
CREATE TABLE file_part (
  name TEXT NOT NULL,
  part BIGINT NOT NULL,
  bytes BYTES NOT NULL,
  PRIMARY KEY (name, part)
);
