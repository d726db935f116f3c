-- Sums by several dimensions at once, the books of the logs and the errors of each ticket, so that no
-- page reads every entry (warehouse-loader/log-sum-statements.ts). `careplus.log_errors` is kept by
-- older loaders only.
ALTER TABLE careplus.log_sums ADD COLUMN copies BIGINT;
ALTER TABLE careplus.log_sums ADD COLUMN severe BIGINT;
ALTER TABLE careplus.log_sums ADD COLUMN log_level VARCHAR(16);
ALTER TABLE careplus.log_sums ADD COLUMN component VARCHAR(256);
ALTER TABLE careplus.log_sums ADD COLUMN event_type VARCHAR(256);
ALTER TABLE careplus.log_sums ADD COLUMN user_agent VARCHAR(1024);
ALTER TABLE careplus.log_sums ADD COLUMN response_range VARCHAR(32);

-- Whole numbers make days, hours and weekdays: of many rows that is much cheaper than calendars.
CREATE OR REPLACE VIEW reporting.log_hours AS
SELECT h.log_hour, h.logged_date, CAST(h.hours - h.days * 24 AS INTEGER) AS logged_hour,
  CAST(MOD(MOD(h.days + 3, 7) + 7, 7) + 1 AS INTEGER) AS logged_weekday,
  h.dimension, h.label, h.entries, h.errors, h.response_time_ms, h.responses, h.cpu_hundredths, h.cpu_readings
FROM (SELECT TIMESTAMP 'epoch' + (s.hour_ms / 1000) * INTERVAL '1 second' AS log_hour,
    DATE '1970-01-01' + CAST((s.hour_ms - MOD(MOD(s.hour_ms, 86400000) + 86400000, 86400000)) / 86400000 AS INTEGER) AS logged_date,
    s.hour_ms / 3600000 AS hours,
    (s.hour_ms - MOD(MOD(s.hour_ms, 86400000) + 86400000, 86400000)) / 86400000 AS days, s.dimension,
    CASE WHEN s.value_key = '' THEN NULL ELSE s.label END AS label, s.entries, s.errors,
    s.duration_ms AS response_time_ms, s.durations AS responses, s.hundredths AS cpu_hundredths, s.readings AS cpu_readings
  FROM careplus.log_sums s
  WHERE s.dimension IN ('all', 'level', 'component', 'event_type', 'user_agent', 'response_range') AND s.entries > 0) h;

CREATE OR REPLACE VIEW reporting.log_days AS
SELECT DATE '1970-01-01' + CAST(s.hour_ms / 86400000 AS INTEGER) AS logged_date,
  CAST(MOD(MOD(s.hour_ms / 86400000 + 3, 7) + 7, 7) + 1 AS INTEGER) AS logged_weekday,
  s.log_level, s.component, s.event_type, s.user_agent, s.response_range, s.entries, s.errors,
  s.duration_ms AS response_time_ms, s.durations AS responses, s.hundredths AS cpu_hundredths, s.readings AS cpu_readings
FROM careplus.log_sums s
WHERE s.dimension = 'day' AND s.entries > 0;

CREATE OR REPLACE VIEW reporting.log_books AS
SELECT b.book_day, SUM(b.copies) AS copies_read,
  CAST(SUM(b.shown) AS BIGINT) AS shown, SUM(b.repeats) AS repeats,
  CAST(SUM(b.quarantined) AS BIGINT) AS quarantined, SUM(b.quarantined_repeats) AS quarantined_repeats,
  SUM(b.dead_lettered) AS dead_lettered
FROM (SELECT CAST(CASE WHEN s.value_key = '' THEN NULL ELSE s.label END AS VARCHAR(10)) AS book_day, s.copies,
    CASE WHEN s.dimension = 'shown' THEN s.entries ELSE 0 END AS shown,
    CASE WHEN s.dimension = 'shown' THEN s.copies - s.entries ELSE 0 END AS repeats,
    CASE WHEN s.dimension = 'set_aside' THEN s.entries ELSE 0 END AS quarantined,
    CASE WHEN s.dimension = 'set_aside' THEN s.copies - s.entries ELSE 0 END AS quarantined_repeats,
    CASE WHEN s.dimension = 'unread' THEN s.copies ELSE 0 END AS dead_lettered
  FROM careplus.log_sums s
  WHERE s.dimension IN ('shown', 'set_aside', 'unread') AND s.copies > 0
  UNION ALL
  SELECT CAST('unknown' AS VARCHAR(10)), CAST(1 AS BIGINT), CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(1 AS BIGINT)
  FROM careplus.log_unreadable u) b
GROUP BY b.book_day;

-- Of a ticket that two sources hold the first one counts.
DROP VIEW IF EXISTS reporting.ticket_errors;

CREATE OR REPLACE VIEW reporting.ticket_errors AS
SELECT e.value_key AS ticket_key, e.label AS ticket_id, e.severe AS errors,
  CASE WHEN s.key_hash IS NULL THEN CAST('No' AS VARCHAR(3)) ELSE CAST('Yes' AS VARCHAR(3)) END AS ticket_shown,
  s.status, s.agent, s.priority, s.issue_category, s.channel
FROM careplus.log_sums e
LEFT JOIN (SELECT t.key_hash, t.status, t.agent, t.priority, t.issue_category, t.channel
  FROM careplus.ticket_state t
  JOIN ops.ticket_frontier f ON f.source = t.source AND f.epoch = t.epoch AND f.shown = 1
  LEFT JOIN (SELECT o.key_hash, g.source
    FROM ops.ticket_frontier g
    JOIN ops.ticket_frontier h ON h.source < g.source AND h.shown = 1
    JOIN careplus.ticket_state o ON o.source = h.source AND o.epoch = h.epoch
    WHERE g.shown = 1 AND o.is_latest = 1 AND o.accepted = 1 AND o.copies > 0
    GROUP BY o.key_hash, g.source) earlier ON earlier.key_hash = t.key_hash AND earlier.source = t.source
  WHERE t.is_latest = 1 AND t.accepted = 1 AND t.copies > 0 AND earlier.key_hash IS NULL) s ON s.key_hash = e.value_key
WHERE e.dimension = 'ticket' AND e.severe > 0;

CREATE OR REPLACE VIEW reporting.ticket_backlog AS
SELECT h.backlog_hour, CAST(h.backlog_hour AS DATE) AS backlog_date, h.opened, h.closed,
  CAST(SUM(h.opened - h.closed) OVER (ORDER BY h.backlog_hour ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS BIGINT) AS open_tickets
FROM (SELECT TIMESTAMP 'epoch' + (m.hour_ms / 1000) * INTERVAL '1 second' AS backlog_hour, SUM(m.opened) AS opened, SUM(m.closed) AS closed
  FROM (SELECT p.entered_ms - MOD(MOD(p.entered_ms, 3600000) + 3600000, 3600000) AS hour_ms, 1 AS opened, 0 AS closed
    FROM careplus.ticket_periods p WHERE p.status = 'Open'
    UNION ALL
    SELECT p.left_ms - MOD(MOD(p.left_ms, 3600000) + 3600000, 3600000) AS hour_ms, 0 AS opened, 1 AS closed
    FROM careplus.ticket_periods p WHERE p.status = 'Open' AND p.left_ms IS NOT NULL) m
  GROUP BY m.hour_ms) h;

CREATE OR REPLACE VIEW reporting.tickets AS
SELECT t.ticket_id, t.created_at, t.resolved_at, t.agent, t.priority, t.num_interactions,
  t.issue_category, t.channel, t.status, t.resolution_seconds,
  DATE '1970-01-01' + CAST(t.days AS INTEGER) AS created_date,
  CASE WHEN t.status = 'Resolved' THEN 1 ELSE 0 END AS is_resolved,
  CAST((t.seconds - t.days * 86400) / 3600 AS INTEGER) AS created_hour,
  CAST(MOD(MOD(t.days + 3, 7) + 7, 7) + 1 AS INTEGER) AS created_weekday,
  LEFT(SHA2('=' || t.ticket_id, 256), 32) AS ticket_key,
  t.source || ':' || CAST(t.epoch AS VARCHAR(20)) || ':' || CAST(t.event_seq AS VARCHAR(20)) AS event_id
FROM (SELECT s.ticket_id, s.agent, s.priority, s.num_interactions, s.issue_category, s.channel, s.status,
    s.source, s.epoch, s.event_seq,
    TIMESTAMP 'epoch' + (s.created_at_ms / 1000) * INTERVAL '1 second' AS created_at,
    TIMESTAMP 'epoch' + (s.resolved_at_ms / 1000) * INTERVAL '1 second' AS resolved_at,
    s.resolved_at_ms / 1000 - s.created_at_ms / 1000 AS resolution_seconds,
    s.created_at_ms / 1000 AS seconds,
    (s.created_at_ms / 1000 - MOD(MOD(s.created_at_ms / 1000, 86400) + 86400, 86400)) / 86400 AS days
  FROM careplus.ticket_state s
  JOIN ops.ticket_frontier f ON f.source = s.source AND f.epoch = s.epoch AND f.shown = 1
  WHERE s.is_latest = 1 AND s.accepted = 1 AND s.copies > 0) t;

-- `sort_ms` is the table's sort key: by it the newest entries are found without reading all.
DROP VIEW IF EXISTS reporting.log_entries;

CREATE OR REPLACE VIEW reporting.log_entries AS
SELECT e.entry_id, e.logged_at, DATE '1970-01-01' + CAST(e.days AS INTEGER) AS logged_date, e.log_level, e.component,
  e.ticket_id, e.session_id, e.ip, e.response_time_ms, e.cpu_percent, e.event_type, e.is_error,
  e.user_agent, e.message, e.debug, e.trace_id,
  CAST((e.seconds - e.days * 86400) / 3600 AS INTEGER) AS logged_hour,
  e.error_count, e.cpu_hundredths,
  CASE WHEN e.response_time_ms < 500 THEN '0-499 ms' WHEN e.response_time_ms < 1000 THEN '500-999 ms'
    WHEN e.response_time_ms < 1500 THEN '1000-1499 ms' WHEN e.response_time_ms >= 1500 THEN '1500 ms or more'
    END AS response_range,
  CAST(MOD(MOD(e.days + 3, 7) + 7, 7) + 1 AS INTEGER) AS logged_weekday,
  LEFT(SHA2('=' || e.ticket_id, 256), 32) AS ticket_key, e.sort_ms
FROM (SELECT n.entry_id, n.log_level, n.component, n.ticket_id, n.session_id, n.ip, n.response_time_ms,
    CAST(CAST(n.cpu_percent_hundredths AS DECIMAL(9,2)) / 100 AS DECIMAL(5,2)) AS cpu_percent, n.event_type,
    CASE WHEN n.is_error = 1 THEN TRUE WHEN n.is_error = 0 THEN FALSE END AS is_error,
    CASE WHEN n.is_error = 1 THEN 1 ELSE 0 END AS error_count, n.cpu_percent_hundredths AS cpu_hundredths,
    n.user_agent, n.message, n.debug, n.trace_id, n.sort_ms,
    TIMESTAMP 'epoch' + (n.logged_at_ms / 1000) * INTERVAL '1 second' AS logged_at,
    n.logged_at_ms / 1000 AS seconds,
    (n.logged_at_ms / 1000 - MOD(MOD(n.logged_at_ms / 1000, 86400) + 86400, 86400)) / 86400 AS days
  FROM careplus.log_entry n
  WHERE n.accepted = 1) e;
