-- Findings, what they are about, what changed, and counts of them.

CREATE TABLE vulnerability (
  no SERIAL_KEY,
  id TEXT NOT NULL UNIQUE,
  exploitable BIGINT NOT NULL,
  hash TEXT NOT NULL,
  body TEXT                    -- empty until facts arrive
);
CREATE TABLE vulnerability_attribute (
  vulnerability_no BIGINT NOT NULL,
  field BIGINT NOT NULL,
  text TEXT,
  rest TEXT,
  number DOUBLE PRECISION,
  moment BIGINT
);
CREATE INDEX vulnerability_attribute_of ON vulnerability_attribute (vulnerability_no, field, text);
CREATE INDEX vulnerability_attribute_text ON vulnerability_attribute (field, text, vulnerability_no) WHERE text IS NOT NULL;
CREATE INDEX vulnerability_attribute_number ON vulnerability_attribute (field, number, vulnerability_no) WHERE number IS NOT NULL;

-- What findings say, stored once: copies of an image have the same.
CREATE TABLE cause (
  no SERIAL_KEY,
  hash TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL           -- cause and title
);
CREATE TABLE cause_attribute (
  cause_no BIGINT NOT NULL,
  field BIGINT NOT NULL,
  text TEXT,
  rest TEXT,
  number DOUBLE PRECISION,
  moment BIGINT
);
CREATE INDEX cause_attribute_of ON cause_attribute (cause_no, field, text);
CREATE INDEX cause_attribute_text ON cause_attribute (field, text, cause_no) WHERE text IS NOT NULL;
CREATE INDEX cause_attribute_number ON cause_attribute (field, number, cause_no) WHERE number IS NOT NULL;

-- One affected package of a cause; attributes of one package are tested together.
CREATE TABLE cause_package (
  cause_no BIGINT NOT NULL,
  position BIGINT NOT NULL,
  field BIGINT NOT NULL,
  text TEXT,
  rest TEXT,
  number DOUBLE PRECISION,
  moment BIGINT
);
CREATE INDEX cause_package_of ON cause_package (cause_no, position, field, text);
CREATE INDEX cause_package_text ON cause_package (field, text, cause_no) WHERE text IS NOT NULL;

CREATE TABLE finding (
  no SERIAL_KEY,
  id TEXT NOT NULL UNIQUE,
  home_no BIGINT NOT NULL,
  resource_no BIGINT NOT NULL,
  scan BIGINT NOT NULL,        -- the kind of scan, which is the finding type
  vulnerability_no BIGINT,
  cause_no BIGINT NOT NULL,
  listed BIGINT NOT NULL,      -- 0 once it left the list
  status BIGINT NOT NULL,
  urgency BIGINT NOT NULL,     -- severity, most severe first: negative
  age BIGINT NOT NULL,         -- last update, newest first: negative
  score DOUBLE PRECISION,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  closed_at BIGINT,
  closed_because TEXT,
  suppressed_by TEXT
);
CREATE INDEX finding_resource ON finding (resource_no, scan);
CREATE INDEX finding_vulnerability ON finding (vulnerability_no, resource_no) WHERE vulnerability_no IS NOT NULL;
CREATE INDEX finding_cause ON finding (cause_no);
CREATE INDEX finding_order ON finding (home_no, status, urgency, age, id) WHERE listed = 1;
CREATE INDEX finding_first ON finding (home_no, first_at, id) WHERE listed = 1;
CREATE INDEX finding_last ON finding (home_no, last_at, id) WHERE listed = 1;
CREATE INDEX finding_score ON finding (home_no, score NULLS_FIRST, id) WHERE listed = 1;
CREATE INDEX finding_closed ON finding (closed_because, closed_at) WHERE listed = 1 AND closed_at IS NOT NULL;

-- The log. Numbers are given in the order of commits; a finding's entry says how it read from then on.
CREATE TABLE change (
  id SERIAL_KEY,
  at BIGINT NOT NULL,
  resource_no BIGINT NOT NULL,
  what BIGINT NOT NULL,
  finding_no BIGINT,
  cause_no BIGINT,
  status BIGINT,
  urgency BIGINT,
  age BIGINT,
  first_at BIGINT,
  last_at BIGINT,
  closed_at BIGINT,
  closed_because TEXT,
  suppressed_by TEXT,
  body TEXT
);
CREATE INDEX change_finding ON change (finding_no, id) WHERE finding_no IS NOT NULL;

-- Active findings, counted as they are written.
CREATE TABLE resource_tally (
  resource_no BIGINT NOT NULL,
  scan BIGINT NOT NULL,
  home_no BIGINT NOT NULL,
  kind TEXT NOT NULL,
  s0 BIGINT NOT NULL, s1 BIGINT NOT NULL, s2 BIGINT NOT NULL, s3 BIGINT NOT NULL, s4 BIGINT NOT NULL, s5 BIGINT NOT NULL,
  exploitable BIGINT NOT NULL,
  fixable BIGINT NOT NULL,
  PRIMARY KEY (resource_no, scan)
) WITHOUT ROWID;
CREATE INDEX resource_tally_home ON resource_tally (home_no, kind, scan);

CREATE TABLE tally (
  grouping BIGINT NOT NULL,
  home_no BIGINT NOT NULL,
  kind TEXT NOT NULL,
  scan BIGINT NOT NULL,
  name TEXT NOT NULL,          -- key of the texts that name the group
  body TEXT NOT NULL,          -- those texts
  s0 BIGINT NOT NULL, s1 BIGINT NOT NULL, s2 BIGINT NOT NULL, s3 BIGINT NOT NULL, s4 BIGINT NOT NULL, s5 BIGINT NOT NULL,
  exploitable BIGINT NOT NULL,
  fixable BIGINT NOT NULL,
  related BIGINT NOT NULL,     -- resources of a parent that have any
  PRIMARY KEY (grouping, home_no, kind, scan, name)
) WITHOUT ROWID;
