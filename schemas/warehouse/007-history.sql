-- What the history of the tickets tells: how long each had which status, and what follows from it.
-- Tickets join by key hashes, never by their text: Redshift ignores trailing blanks in VARCHAR.

-- The statuses that each ticket shown now has had, one row for each. The loader tells a ticket anew
-- from its whole history whenever it changes (warehouse-loader/period-statements.ts).
CREATE TABLE IF NOT EXISTS careplus.ticket_periods (
  source VARCHAR(255),
  key_hash VARCHAR(32),
  place INTEGER,
  status VARCHAR(64),
  prior_status VARCHAR(64),
  entered_ms BIGINT,
  left_ms BIGINT,
  epoch BIGINT,
  seq BIGINT,
  ticket_id VARCHAR(256),
  agent VARCHAR(256),
  priority VARCHAR(64),
  issue_category VARCHAR(256),
  channel VARCHAR(64)
) DISTKEY (key_hash) SORTKEY (entered_ms);

CREATE OR REPLACE VIEW reporting.ticket_periods AS
SELECT p.ticket_id, p.key_hash AS ticket_key, p.place AS period_number, p.status, p.prior_status,
  TIMESTAMP 'epoch' + (p.entered_ms / 1000) * INTERVAL '1 second' AS entered_at,
  TIMESTAMP 'epoch' + (p.left_ms / 1000) * INTERVAL '1 second' AS left_at,
  (p.left_ms - p.entered_ms) / 1000 AS period_seconds,
  CASE WHEN p.left_ms IS NULL THEN 1 ELSE 0 END AS is_current,
  CASE WHEN p.status = 'Open' AND p.place > 1 THEN 1 ELSE 0 END AS is_reopening,
  CASE WHEN p.status <> 'Open' AND p.prior_status = 'Open' THEN p.key_hash END AS closed_ticket,
  CASE WHEN p.status = 'Open' AND p.place > 1 THEN CAST('Reopened' AS VARCHAR(16))
    WHEN p.status = 'Open' THEN CAST('Opened' AS VARCHAR(16))
    WHEN p.prior_status = 'Open' THEN CAST('Closed' AS VARCHAR(16)) ELSE CAST('Changed' AS VARCHAR(16)) END AS transition,
  p.agent, p.priority, p.issue_category, p.channel,
  p.source || ':' || CAST(p.epoch AS VARCHAR(20)) || ':' || CAST(p.seq AS VARCHAR(20)) AS event_id
FROM careplus.ticket_periods p;

CREATE OR REPLACE VIEW reporting.ticket_backlog AS
SELECT h.backlog_hour, CAST(h.backlog_hour AS DATE) AS backlog_date, h.opened, h.closed,
  CAST(SUM(h.opened - h.closed) OVER (ORDER BY h.backlog_hour ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS BIGINT) AS open_tickets
FROM (SELECT m.backlog_hour, SUM(m.opened) AS opened, SUM(m.closed) AS closed
  FROM (SELECT DATE_TRUNC('hour', TIMESTAMP 'epoch' + (p.entered_ms / 1000) * INTERVAL '1 second') AS backlog_hour, 1 AS opened, 0 AS closed
    FROM careplus.ticket_periods p WHERE p.status = 'Open'
    UNION ALL
    SELECT DATE_TRUNC('hour', TIMESTAMP 'epoch' + (p.left_ms / 1000) * INTERVAL '1 second') AS backlog_hour, 0 AS opened, 1 AS closed
    FROM careplus.ticket_periods p WHERE p.status = 'Open' AND p.left_ms IS NOT NULL) m
  GROUP BY m.backlog_hour) h;

CREATE OR REPLACE VIEW reporting.ticket_ages AS
SELECT a.ticket_id, a.ticket_key, a.created_at, a.as_of, a.age_seconds,
  CASE WHEN a.age_seconds < 14400 THEN CAST('under 4 h' AS VARCHAR(16)) WHEN a.age_seconds < 86400 THEN CAST('4 to 24 h' AS VARCHAR(16))
    WHEN a.age_seconds < 259200 THEN CAST('1 to 3 days' AS VARCHAR(16)) WHEN a.age_seconds < 604800 THEN CAST('3 to 7 days' AS VARCHAR(16))
    WHEN a.age_seconds < 2592000 THEN CAST('7 to 30 days' AS VARCHAR(16)) ELSE CAST('30 days or more' AS VARCHAR(16)) END AS age_range,
  CASE WHEN a.age_seconds < 14400 THEN 1 WHEN a.age_seconds < 86400 THEN 2 WHEN a.age_seconds < 259200 THEN 3
    WHEN a.age_seconds < 604800 THEN 4 WHEN a.age_seconds < 2592000 THEN 5 ELSE 6 END AS age_order,
  a.agent, a.priority, a.issue_category, a.channel
FROM (SELECT s.ticket_id, s.key_hash AS ticket_key,
    TIMESTAMP 'epoch' + (s.created_at_ms / 1000) * INTERVAL '1 second' AS created_at,
    TIMESTAMP 'epoch' + (n.as_of_ms / 1000) * INTERVAL '1 second' AS as_of,
    CASE WHEN n.as_of_ms > s.created_at_ms THEN (n.as_of_ms - s.created_at_ms) / 1000 ELSE 0 END AS age_seconds,
    s.agent, s.priority, s.issue_category, s.channel
  FROM careplus.ticket_state s
  JOIN ops.ticket_frontier f ON f.source = s.source AND f.epoch = s.epoch AND f.shown = 1
  JOIN (SELECT t.source, t.epoch, MAX(CASE WHEN t.resolved_at_ms > t.created_at_ms AND t.resolved_at_ms <= g.committed_ms THEN t.resolved_at_ms
      WHEN t.created_at_ms <= g.committed_ms THEN t.created_at_ms ELSE g.committed_ms END) AS as_of_ms
    FROM careplus.ticket_state t JOIN ops.ticket_frontier g ON g.source = t.source AND g.epoch = t.epoch AND g.shown = 1
    WHERE t.is_latest = 1 AND t.accepted = 1 AND t.copies > 0
    GROUP BY t.source, t.epoch) n ON n.source = s.source AND n.epoch = s.epoch
  WHERE s.is_latest = 1 AND s.accepted = 1 AND s.copies > 0 AND s.status = 'Open') a;

-- Accepted log entries, summed up by the loader in each batch (warehouse-loader/log-sum-statements.ts):
-- by the hour and one dimension each, and of all hours by ticket. A value's key is its hash, '' of NULL.
CREATE TABLE IF NOT EXISTS careplus.log_sums (
  dimension VARCHAR(16),
  hour_ms BIGINT,
  value_key VARCHAR(32),
  label VARCHAR(1024),
  entries BIGINT,
  errors BIGINT,
  duration_ms BIGINT,
  durations BIGINT,
  hundredths BIGINT,
  readings BIGINT
) DISTSTYLE EVEN COMPOUND SORTKEY (dimension, hour_ms, value_key);

-- Accepted log entries of level ERROR that name a ticket.
CREATE TABLE IF NOT EXISTS careplus.log_errors (
  entry_id VARCHAR(32),
  logged_at_ms BIGINT,
  ticket_key VARCHAR(32),
  ticket_id VARCHAR(256)
) DISTKEY (ticket_key) COMPOUND SORTKEY (logged_at_ms, entry_id);

CREATE OR REPLACE VIEW reporting.log_hours AS
SELECT h.log_hour, CAST(h.log_hour AS DATE) AS logged_date,
  CAST(EXTRACT(HOUR FROM h.log_hour) AS INTEGER) AS logged_hour,
  CASE WHEN EXTRACT(DOW FROM h.log_hour) = 0 THEN 7 ELSE CAST(EXTRACT(DOW FROM h.log_hour) AS INTEGER) END AS logged_weekday,
  h.dimension, h.label, h.entries, h.errors, h.response_time_ms, h.responses, h.cpu_hundredths, h.cpu_readings
FROM (SELECT TIMESTAMP 'epoch' + (s.hour_ms / 1000) * INTERVAL '1 second' AS log_hour, s.dimension,
    CASE WHEN s.value_key = '' THEN NULL ELSE s.label END AS label, s.entries, s.errors,
    s.duration_ms AS response_time_ms, s.durations AS responses, s.hundredths AS cpu_hundredths, s.readings AS cpu_readings
  FROM careplus.log_sums s WHERE s.dimension <> 'ticket' AND s.entries > 0) h;

CREATE OR REPLACE VIEW reporting.logged_tickets AS
SELECT s.value_key AS ticket_key, s.label AS ticket_id, s.entries, s.errors
FROM careplus.log_sums s WHERE s.dimension = 'ticket' AND s.entries > 0;

CREATE OR REPLACE VIEW reporting.ticket_errors AS
SELECT e.ticket_key, e.ticket_id, e.errors, e.first_error_at, e.last_error_at,
  CASE WHEN s.key_hash IS NULL THEN CAST('No' AS VARCHAR(3)) ELSE CAST('Yes' AS VARCHAR(3)) END AS ticket_shown,
  s.status, s.agent, s.priority, s.issue_category, s.channel
FROM (SELECT l.ticket_key, MAX(l.ticket_id) AS ticket_id, COUNT(*) AS errors,
    TIMESTAMP 'epoch' + (MIN(l.logged_at_ms) / 1000) * INTERVAL '1 second' AS first_error_at,
    TIMESTAMP 'epoch' + (MAX(l.logged_at_ms) / 1000) * INTERVAL '1 second' AS last_error_at
  FROM careplus.log_errors l
  GROUP BY l.ticket_key) e
LEFT JOIN (SELECT t.key_hash, MAX(t.status) AS status, MAX(t.agent) AS agent, MAX(t.priority) AS priority,
    MAX(t.issue_category) AS issue_category, MAX(t.channel) AS channel
  FROM careplus.ticket_state t
  JOIN ops.ticket_frontier f ON f.source = t.source AND f.epoch = t.epoch AND f.shown = 1
  WHERE t.is_latest = 1 AND t.accepted = 1 AND t.copies > 0
  GROUP BY t.key_hash) s ON s.key_hash = e.ticket_key;

CREATE OR REPLACE VIEW reporting.ticket_history AS
SELECT c.ticket_id, c.key_hash AS ticket_key,
  c.source || ':' || CAST(c.epoch AS VARCHAR(20)) || ':' || CAST(c.seq AS VARCHAR(20)) AS event_id,
  CASE WHEN c.kind = '+' AND c.gtid IS NULL THEN CAST('in the snapshot' AS VARCHAR(16)) WHEN c.kind = '+' THEN CAST('written' AS VARCHAR(16))
    WHEN c.kind = '-' THEN CAST('removed' AS VARCHAR(16)) ELSE CAST('unreadable' AS VARCHAR(16)) END AS change,
  TIMESTAMP 'epoch' + (c.committed_ms / 1000) * INTERVAL '1 second' AS committed_at, c.gtid,
  CASE WHEN c.accepted = 1 THEN CAST('accepted' AS VARCHAR(16)) WHEN c.rules_version > 0 THEN CAST('quarantined' AS VARCHAR(16))
    ELSE CAST('unreadable' AS VARCHAR(16)) END AS verdict,
  c.rules_version, c.reasons,
  TIMESTAMP 'epoch' + (c.created_at_ms / 1000) * INTERVAL '1 second' AS created_at,
  TIMESTAMP 'epoch' + (c.resolved_at_ms / 1000) * INTERVAL '1 second' AS resolved_at,
  c.agent, c.priority, c.num_interactions, c.issue_category, c.channel, c.status,
  'kafka:' || CAST(c.kafka_partition AS VARCHAR(20)) || ':' || CAST(c.kafka_offset AS VARCHAR(20)) AS raw_pointer,
  c.source, c.epoch, c.seq
FROM careplus.ticket_changes c
WHERE c.kind IN ('+', '-', 'X');
