-- Tickets: a numbered log of signed images, the images that wait, and the state that they add up to.
-- The columns from rank to kafka_offset stand in the order of schemas/image-row.ts; a test compares.
-- NOT NULL is checked by COPY: a file without numbers fails there, where it can be told apart.
CREATE TABLE IF NOT EXISTS stage.ticket_image (
  source VARCHAR(255) NOT NULL,
  epoch BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  tx_end INTEGER NOT NULL,
  kind VARCHAR(1) NOT NULL,
  key_hash VARCHAR(32) NOT NULL,
  image_id VARCHAR(32) NOT NULL,
  rank BIGINT NOT NULL,
  rules_version INTEGER NOT NULL,
  accepted INTEGER NOT NULL,
  ticket_id VARCHAR(256),
  created_at_ms BIGINT,
  resolved_at_ms BIGINT,
  agent VARCHAR(256),
  priority VARCHAR(64),
  num_interactions INTEGER,
  issue_category VARCHAR(256),
  channel VARCHAR(64),
  status VARCHAR(64),
  reasons VARCHAR(2048),
  original VARCHAR(16384),
  original_bytes BIGINT,
  cut_values VARCHAR(1024),
  book_day VARCHAR(10),
  gtid VARCHAR(255),
  committed_ms BIGINT,
  read_at_ms BIGINT,
  kafka_partition INTEGER,
  kafka_offset BIGINT
) DISTSTYLE EVEN;

-- Above the frontier: behind a hole or in an open transaction.
CREATE TABLE IF NOT EXISTS careplus.ticket_pending (LIKE stage.ticket_image);

-- History: exactly one row per number up to the frontier.
CREATE TABLE IF NOT EXISTS careplus.ticket_changes (
  source VARCHAR(255),
  epoch BIGINT,
  seq BIGINT,
  tx_end INTEGER,
  kind VARCHAR(1),
  key_hash VARCHAR(32),
  image_id VARCHAR(32),
  rank BIGINT,
  rules_version INTEGER,
  accepted INTEGER,
  ticket_id VARCHAR(256),
  created_at_ms BIGINT,
  resolved_at_ms BIGINT,
  agent VARCHAR(256),
  priority VARCHAR(64),
  num_interactions INTEGER,
  issue_category VARCHAR(256),
  channel VARCHAR(64),
  status VARCHAR(64),
  reasons VARCHAR(2048),
  original VARCHAR(16384),
  original_bytes BIGINT,
  cut_values VARCHAR(1024),
  book_day VARCHAR(10),
  gtid VARCHAR(255),
  committed_ms BIGINT,
  read_at_ms BIGINT,
  kafka_partition INTEGER,
  kafka_offset BIGINT
) DISTKEY (key_hash) COMPOUND SORTKEY (source, epoch, seq);

-- One row per distinct image whose signs do not cancel. Negative copies are kept: they are the drift alarm.
CREATE TABLE IF NOT EXISTS careplus.ticket_state (
  source VARCHAR(255),
  epoch BIGINT,
  key_hash VARCHAR(32),
  image_id VARCHAR(32),
  copies BIGINT,
  is_latest INTEGER,
  event_seq BIGINT,
  rank BIGINT,
  rules_version INTEGER,
  accepted INTEGER,
  ticket_id VARCHAR(256),
  created_at_ms BIGINT,
  resolved_at_ms BIGINT,
  agent VARCHAR(256),
  priority VARCHAR(64),
  num_interactions INTEGER,
  issue_category VARCHAR(256),
  channel VARCHAR(64),
  status VARCHAR(64),
  reasons VARCHAR(2048),
  original VARCHAR(16384),
  original_bytes BIGINT,
  cut_values VARCHAR(1024),
  book_day VARCHAR(10),
  gtid VARCHAR(255),
  committed_ms BIGINT,
  read_at_ms BIGINT,
  kafka_partition INTEGER,
  kafka_offset BIGINT
) DISTKEY (key_hash) SORTKEY (created_at_ms);

CREATE TABLE IF NOT EXISTS ops.ticket_frontier (
  source VARCHAR(255) NOT NULL,
  epoch BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  ready INTEGER NOT NULL,
  live INTEGER NOT NULL,
  shown INTEGER NOT NULL,
  committed_ms BIGINT NOT NULL,
  batch_id VARCHAR(80)
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ops.ticket_ledger (
  object_key VARCHAR(1024) NOT NULL,
  etag VARCHAR(80) NOT NULL,
  bytes BIGINT NOT NULL,
  batch_id VARCHAR(80) NOT NULL,
  outcome VARCHAR(16) NOT NULL,
  reason VARCHAR(1024)
) DISTSTYLE ALL;

-- A check passes or divides by zero. Its result is stored, or a planner could leave the division out.
CREATE TABLE IF NOT EXISTS ops.ticket_batches (
  batch_id VARCHAR(80) NOT NULL,
  check_name VARCHAR(16) NOT NULL,
  passed INTEGER NOT NULL,
  loaded_at TIMESTAMP NOT NULL
) DISTSTYLE ALL;

CREATE OR REPLACE VIEW careplus.tickets AS
SELECT s.ticket_id,
  TIMESTAMP 'epoch' + (s.created_at_ms / 1000) * INTERVAL '1 second' AS created_at,
  TIMESTAMP 'epoch' + (s.resolved_at_ms / 1000) * INTERVAL '1 second' AS resolved_at,
  s.agent, s.priority, s.num_interactions, s.issue_category, s.channel, s.status,
  s.source, s.epoch, s.event_seq, s.image_id, s.copies, s.rules_version, s.cut_values, s.book_day
FROM careplus.ticket_state s
JOIN ops.ticket_frontier f ON f.source = s.source AND f.epoch = s.epoch AND f.shown = 1
WHERE s.is_latest = 1 AND s.accepted = 1 AND s.copies > 0;

CREATE OR REPLACE VIEW careplus.ticket_quarantine AS
SELECT CAST('tickets' AS VARCHAR(64)) AS dataset,
  s.source || ':' || CAST(s.epoch AS VARCHAR(20)) || ':' || CAST(s.event_seq AS VARCHAR(20)) AS event_id,
  s.ticket_id, s.reasons, s.copies, s.original, s.original_bytes,
  CASE WHEN s.original IS NULL THEN NULL ELSE CAST('utf8' AS VARCHAR(16)) END AS original_encoding,
  'kafka:' || CAST(s.kafka_partition AS VARCHAR(20)) || ':' || CAST(s.kafka_offset AS VARCHAR(20)) AS raw_pointer,
  s.rules_version,
  TIMESTAMP 'epoch' + (s.committed_ms / 1000) * INTERVAL '1 second' AS quarantined_at,
  s.source, s.epoch, s.event_seq, s.image_id, s.book_day
FROM careplus.ticket_state s
JOIN ops.ticket_frontier f ON f.source = s.source AND f.epoch = s.epoch AND f.shown = 1
WHERE s.accepted = 0 AND s.copies > 0;

CREATE OR REPLACE VIEW careplus.quarantine AS SELECT * FROM careplus.ticket_quarantine;
