-- Ranges of durations, by their upper edges, for percentiles (schemas/percentiles.ts): of a unit (a
-- minute, 10 ms) up to 200 units, then of 5, 50, 500 and 5,000, so that an edge is never more than a
-- unit or 5 % above what lies below it. Amazon Redshift replaces a view only by one with the same
-- columns, so these are made anew.
DROP VIEW IF EXISTS reporting.tickets;

CREATE OR REPLACE VIEW reporting.tickets AS
SELECT t.ticket_id, t.created_at, t.resolved_at, t.agent, t.priority, t.num_interactions,
  t.issue_category, t.channel, t.status, t.resolution_seconds,
  DATE '1970-01-01' + CAST(t.days AS INTEGER) AS created_date,
  CASE WHEN t.status = 'Resolved' THEN 1 ELSE 0 END AS is_resolved,
  CAST((t.seconds - t.days * 86400) / 3600 AS INTEGER) AS created_hour,
  CAST(MOD(MOD(t.days + 3, 7) + 7, 7) + 1 AS INTEGER) AS created_weekday,
  LEFT(SHA2('=' || t.ticket_id, 256), 32) AS ticket_key,
  t.source || ':' || CAST(t.epoch AS VARCHAR(20)) || ':' || CAST(t.event_seq AS VARCHAR(20)) AS event_id,
  CASE WHEN t.resolution_seconds <= 12000 THEN (t.resolution_seconds + 59) / 60 * 60 WHEN t.resolution_seconds <= 60000 THEN (t.resolution_seconds + 299) / 300 * 300
    WHEN t.resolution_seconds <= 600000 THEN (t.resolution_seconds + 2999) / 3000 * 3000 WHEN t.resolution_seconds <= 6000000 THEN (t.resolution_seconds + 29999) / 30000 * 30000
    ELSE (t.resolution_seconds + 299999) / 300000 * 300000 END AS resolution_bucket_seconds
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
  LEFT(SHA2('=' || e.ticket_id, 256), 32) AS ticket_key, e.sort_ms,
  CASE WHEN e.response_ms <= 2000 THEN (e.response_ms + 9) / 10 * 10 WHEN e.response_ms <= 10000 THEN (e.response_ms + 49) / 50 * 50
    WHEN e.response_ms <= 100000 THEN (e.response_ms + 499) / 500 * 500 WHEN e.response_ms <= 1000000 THEN (e.response_ms + 4999) / 5000 * 5000
    ELSE (e.response_ms + 49999) / 50000 * 50000 END AS response_bucket_ms,
  CASE WHEN e.response_time_ms < 500 THEN 1 WHEN e.response_time_ms < 1000 THEN 2
    WHEN e.response_time_ms < 1500 THEN 3 WHEN e.response_time_ms >= 1500 THEN 4 END AS response_order
FROM (SELECT n.entry_id, n.log_level, n.component, n.ticket_id, n.session_id, n.ip, n.response_time_ms,
    CAST(n.response_time_ms AS BIGINT) AS response_ms,
    CAST(CAST(n.cpu_percent_hundredths AS DECIMAL(9,2)) / 100 AS DECIMAL(5,2)) AS cpu_percent, n.event_type,
    CASE WHEN n.is_error = 1 THEN TRUE WHEN n.is_error = 0 THEN FALSE END AS is_error,
    CASE WHEN n.is_error = 1 THEN 1 ELSE 0 END AS error_count, n.cpu_percent_hundredths AS cpu_hundredths,
    n.user_agent, n.message, n.debug, n.trace_id, n.sort_ms,
    TIMESTAMP 'epoch' + (n.logged_at_ms / 1000) * INTERVAL '1 second' AS logged_at,
    n.logged_at_ms / 1000 AS seconds,
    (n.logged_at_ms / 1000 - MOD(MOD(n.logged_at_ms / 1000, 86400) + 86400, 86400)) / 86400 AS days
  FROM careplus.log_entry n
  WHERE n.accepted = 1) e;
