-- What was collected of resources. Packages and inventories are stored once, whoever holds them.

CREATE TABLE package (
  no SERIAL_KEY,
  hash TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL
);

-- Every name that a package's advisories are asked for under.
CREATE TABLE package_name (
  ecosystem TEXT NOT NULL,
  name TEXT NOT NULL,
  package_no BIGINT NOT NULL,
  PRIMARY KEY (ecosystem, name, package_no)
) WITHOUT ROWID;
CREATE INDEX package_name_of ON package_name (package_no);

CREATE TABLE inventory (
  no SERIAL_KEY,
  hash TEXT NOT NULL UNIQUE,
  head TEXT NOT NULL,          -- everything but the packages
  packages BYTES NOT NULL      -- their numbers in order, LEB128
);

-- The posting lists: where a package is.
CREATE TABLE occurrence (
  package_no BIGINT NOT NULL,
  inventory_no BIGINT NOT NULL,
  PRIMARY KEY (package_no, inventory_no)
) WITHOUT ROWID;

CREATE TABLE collected (
  resource_no BIGINT NOT NULL,
  scan BIGINT NOT NULL,
  inventory_no BIGINT,
  kernel TEXT,
  causes TEXT,
  judged BIGINT NOT NULL,      -- 1 once the first scan's findings were written
  PRIMARY KEY (resource_no, scan)
) WITHOUT ROWID;
CREATE INDEX collected_inventory ON collected (inventory_no, resource_no);
