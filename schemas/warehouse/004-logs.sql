-- Logs: ranges that tile the files, each counted once, and the entries that they hold.
-- The columns from rules_version to kafka_offset stand in the order of schemas/log-row.ts; a test compares.
CREATE TABLE IF NOT EXISTS stage.log_entry (
  host VARCHAR(255) NOT NULL,
  generation VARCHAR(128) NOT NULL,
  generation_start BIGINT NOT NULL,
  pos BIGINT NOT NULL,
  len BIGINT NOT NULL,
  kind VARCHAR(1) NOT NULL,
  entry_id VARCHAR(32) NOT NULL,
  rules_version INTEGER NOT NULL,
  accepted INTEGER NOT NULL,
  sort_ms BIGINT NOT NULL,
  logged_at_ms BIGINT,
  log_level VARCHAR(16),
  component VARCHAR(256),
  ticket_id VARCHAR(256),
  session_id VARCHAR(256),
  ip VARCHAR(64),
  response_time_ms INTEGER,
  cpu_percent_hundredths INTEGER,
  event_type VARCHAR(256),
  is_error INTEGER,
  user_agent VARCHAR(1024),
  message VARCHAR(16384),
  debug VARCHAR(4096),
  trace_id VARCHAR(256),
  reasons VARCHAR(2048),
  original VARCHAR(16384),
  original_encoding VARCHAR(16),
  original_bytes BIGINT,
  cut_values VARCHAR(1024),
  book_day VARCHAR(10),
  path VARCHAR(1024),
  read_at_ms BIGINT,
  kafka_partition INTEGER,
  kafka_offset BIGINT
) DISTSTYLE EVEN;

-- Ranges that were read: up to the frontier of their file, and above it, behind a hole.
CREATE TABLE IF NOT EXISTS careplus.log_arrivals (
  host VARCHAR(255),
  generation VARCHAR(128),
  pos BIGINT,
  len BIGINT,
  kind VARCHAR(1),
  entry_id VARCHAR(32)
) DISTSTYLE EVEN COMPOUND SORTKEY (generation, pos);

CREATE TABLE IF NOT EXISTS careplus.log_pending (LIKE careplus.log_arrivals);

-- Blocks that could not be read, until readable ranges cover all of their bytes.
CREATE TABLE IF NOT EXISTS careplus.log_unreadable (
  host VARCHAR(255),
  generation VARCHAR(128),
  pos BIGINT,
  len BIGINT,
  read_at_ms BIGINT,
  kafka_partition INTEGER,
  kafka_offset BIGINT
) DISTSTYLE ALL;

-- One row per entry id: how often it was read, and the verdict of the highest rules version.
CREATE TABLE IF NOT EXISTS careplus.log_entry (
  entry_id VARCHAR(32),
  copies BIGINT,
  host VARCHAR(255),
  generation VARCHAR(128),
  pos BIGINT,
  rules_version INTEGER,
  accepted INTEGER,
  sort_ms BIGINT,
  logged_at_ms BIGINT,
  log_level VARCHAR(16),
  component VARCHAR(256),
  ticket_id VARCHAR(256),
  session_id VARCHAR(256),
  ip VARCHAR(64),
  response_time_ms INTEGER,
  cpu_percent_hundredths INTEGER,
  event_type VARCHAR(256),
  is_error INTEGER,
  user_agent VARCHAR(1024),
  message VARCHAR(16384),
  debug VARCHAR(4096),
  trace_id VARCHAR(256),
  reasons VARCHAR(2048),
  original VARCHAR(16384),
  original_encoding VARCHAR(16),
  original_bytes BIGINT,
  cut_values VARCHAR(1024),
  book_day VARCHAR(10),
  path VARCHAR(1024),
  read_at_ms BIGINT,
  kafka_partition INTEGER,
  kafka_offset BIGINT
) DISTKEY (entry_id) SORTKEY (sort_ms);

-- First byte of each file that is not covered yet; everything before it was read.
CREATE TABLE IF NOT EXISTS ops.log_frontier (
  host VARCHAR(255) NOT NULL,
  generation VARCHAR(128) NOT NULL,
  generation_start BIGINT NOT NULL,
  upto BIGINT NOT NULL,
  read_at_ms BIGINT NOT NULL,
  batch_id VARCHAR(80)
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ops.log_ledger (
  object_key VARCHAR(1024) NOT NULL,
  etag VARCHAR(80) NOT NULL,
  bytes BIGINT NOT NULL,
  batch_id VARCHAR(80) NOT NULL,
  outcome VARCHAR(16) NOT NULL,
  reason VARCHAR(1024)
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ops.log_batches (
  batch_id VARCHAR(80) NOT NULL,
  check_name VARCHAR(16) NOT NULL,
  passed INTEGER NOT NULL,
  loaded_at TIMESTAMP NOT NULL
) DISTSTYLE ALL;

CREATE OR REPLACE VIEW careplus.log_entries AS
SELECT e.entry_id,
  TIMESTAMP 'epoch' + (e.logged_at_ms / 1000) * INTERVAL '1 second' AS logged_at,
  e.log_level, e.component, e.ticket_id, e.session_id, e.ip, e.response_time_ms,
  CAST(CAST(e.cpu_percent_hundredths AS DECIMAL(9,2)) / 100 AS DECIMAL(5,2)) AS cpu_percent,
  e.event_type,
  CASE WHEN e.is_error = 1 THEN TRUE WHEN e.is_error = 0 THEN FALSE END AS is_error,
  e.user_agent, e.message, e.debug, e.trace_id
FROM careplus.log_entry e
WHERE e.accepted = 1;

-- The same columns as careplus.ticket_quarantine, for both are one list.
CREATE OR REPLACE VIEW careplus.log_quarantine AS
SELECT CAST('logs' AS VARCHAR(64)) AS dataset,
  e.host || ':' || e.generation || ':' || CAST(e.pos AS VARCHAR(20)) AS event_id,
  e.ticket_id, e.reasons, e.copies, e.original, e.original_bytes, e.original_encoding,
  'kafka:' || CAST(e.kafka_partition AS VARCHAR(20)) || ':' || CAST(e.kafka_offset AS VARCHAR(20)) AS raw_pointer,
  e.rules_version,
  TIMESTAMP 'epoch' + (e.read_at_ms / 1000) * INTERVAL '1 second' AS quarantined_at,
  e.host AS source, CAST(NULL AS BIGINT) AS epoch, e.pos AS event_seq, e.entry_id AS image_id, e.book_day
FROM careplus.log_entry e
WHERE e.accepted = 0
UNION ALL
SELECT CAST('logs' AS VARCHAR(64)),
  u.host || ':' || u.generation || ':' || CAST(u.pos AS VARCHAR(20)),
  CAST(NULL AS VARCHAR(256)), CAST('record:unreadable' AS VARCHAR(2048)), CAST(1 AS BIGINT),
  CAST(NULL AS VARCHAR(16384)), CAST(NULL AS BIGINT), CAST(NULL AS VARCHAR(16)),
  'kafka:' || CAST(u.kafka_partition AS VARCHAR(20)) || ':' || CAST(u.kafka_offset AS VARCHAR(20)),
  CAST(0 AS INTEGER),
  TIMESTAMP 'epoch' + (u.read_at_ms / 1000) * INTERVAL '1 second',
  u.host, CAST(NULL AS BIGINT), u.pos, CAST('' AS VARCHAR(32)), CAST('unknown' AS VARCHAR(10))
FROM careplus.log_unreadable u;

CREATE OR REPLACE VIEW careplus.quarantine AS
SELECT * FROM careplus.ticket_quarantine
UNION ALL
SELECT * FROM careplus.log_quarantine;

-- Whole numbers beside the decimals and truths that people read: sums of them are exact everywhere.
CREATE OR REPLACE VIEW reporting.log_entries AS
SELECT e.entry_id, e.logged_at, CAST(e.logged_at AS DATE) AS logged_date, e.log_level, e.component,
  e.ticket_id, e.session_id, e.ip, e.response_time_ms, e.cpu_percent, e.event_type, e.is_error,
  e.user_agent, e.message, e.debug, e.trace_id,
  CAST(EXTRACT(HOUR FROM e.logged_at) AS INTEGER) AS logged_hour,
  CASE WHEN e.is_error = TRUE THEN 1 ELSE 0 END AS error_count,
  CAST(e.cpu_percent * 100 AS INTEGER) AS cpu_hundredths,
  CASE WHEN e.response_time_ms < 500 THEN '0-499 ms' WHEN e.response_time_ms < 1000 THEN '500-999 ms'
    WHEN e.response_time_ms < 1500 THEN '1000-1499 ms' WHEN e.response_time_ms >= 1500 THEN '1500 ms or more'
    END AS response_range
FROM careplus.log_entries e;

-- The books of each day: what is read is the sum of the other columns. Filler is not in them; an
-- unreadable block counts as one, for how many entries it holds cannot be told.
CREATE OR REPLACE VIEW reporting.log_books AS
SELECT b.book_day,
  SUM(b.copies) AS copies_read,
  SUM(CASE WHEN b.accepted = 1 THEN 1 ELSE 0 END) AS shown,
  SUM(CASE WHEN b.accepted = 1 THEN b.copies - 1 ELSE 0 END) AS repeats,
  SUM(CASE WHEN b.accepted = 0 AND b.rules_version > 0 THEN 1 ELSE 0 END) AS quarantined,
  SUM(CASE WHEN b.accepted = 0 AND b.rules_version > 0 THEN b.copies - 1 ELSE 0 END) AS quarantined_repeats,
  SUM(CASE WHEN b.rules_version = 0 THEN b.copies ELSE 0 END) AS dead_lettered
FROM (SELECT e.book_day, e.copies, e.accepted, e.rules_version FROM careplus.log_entry e
  UNION ALL
  SELECT CAST('unknown' AS VARCHAR(10)), CAST(1 AS BIGINT), CAST(0 AS INTEGER), CAST(0 AS INTEGER)
  FROM careplus.log_unreadable u) b
GROUP BY b.book_day;

-- Of a log: the bytes that are covered, and when the newest of them was read.
CREATE OR REPLACE VIEW reporting.freshness AS
SELECT CAST('tickets' AS VARCHAR(64)) AS dataset, f.source, f.epoch, f.seq, f.committed_ms,
  TIMESTAMP 'epoch' + (f.committed_ms / 1000) * INTERVAL '1 second' AS complete_up_to
FROM ops.ticket_frontier f
WHERE f.shown = 1
UNION ALL
SELECT CAST('logs' AS VARCHAR(64)), g.host, CAST(NULL AS BIGINT),
  CAST(SUM(g.upto - g.generation_start) AS BIGINT), MAX(g.read_at_ms),
  TIMESTAMP 'epoch' + (MAX(g.read_at_ms) / 1000) * INTERVAL '1 second'
FROM ops.log_frontier g
GROUP BY g.host;
