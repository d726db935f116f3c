-- Tickets join by `ticket_key`, the key hash of schemas/image-identity.ts; hours and weekdays of the times.
-- Amazon Redshift replaces a view only by one with the same columns, so these are made anew.
DROP VIEW reporting.tickets;

CREATE VIEW reporting.tickets AS
SELECT t.ticket_id, t.created_at, t.resolved_at, t.agent, t.priority, t.num_interactions,
  t.issue_category, t.channel, t.status,
  CAST(EXTRACT(EPOCH FROM t.resolved_at) AS BIGINT) - CAST(EXTRACT(EPOCH FROM t.created_at) AS BIGINT) AS resolution_seconds,
  CAST(t.created_at AS DATE) AS created_date,
  CASE WHEN t.status = 'Resolved' THEN 1 ELSE 0 END AS is_resolved,
  CAST(EXTRACT(HOUR FROM t.created_at) AS INTEGER) AS created_hour,
  CASE WHEN EXTRACT(DOW FROM t.created_at) = 0 THEN 7 ELSE CAST(EXTRACT(DOW FROM t.created_at) AS INTEGER) END AS created_weekday,
  LEFT(SHA2('=' || t.ticket_id, 256), 32) AS ticket_key,
  t.source || ':' || CAST(t.epoch AS VARCHAR(20)) || ':' || CAST(t.event_seq AS VARCHAR(20)) AS event_id
FROM careplus.tickets t;

DROP VIEW reporting.log_entries;

CREATE VIEW reporting.log_entries AS
SELECT e.entry_id, e.logged_at, CAST(e.logged_at AS DATE) AS logged_date, e.log_level, e.component,
  e.ticket_id, e.session_id, e.ip, e.response_time_ms, e.cpu_percent, e.event_type, e.is_error,
  e.user_agent, e.message, e.debug, e.trace_id,
  CAST(EXTRACT(HOUR FROM e.logged_at) AS INTEGER) AS logged_hour,
  CASE WHEN e.is_error = TRUE THEN 1 ELSE 0 END AS error_count,
  CAST(e.cpu_percent * 100 AS INTEGER) AS cpu_hundredths,
  CASE WHEN e.response_time_ms < 500 THEN '0-499 ms' WHEN e.response_time_ms < 1000 THEN '500-999 ms'
    WHEN e.response_time_ms < 1500 THEN '1000-1499 ms' WHEN e.response_time_ms >= 1500 THEN '1500 ms or more'
    END AS response_range,
  CASE WHEN EXTRACT(DOW FROM e.logged_at) = 0 THEN 7 ELSE CAST(EXTRACT(DOW FROM e.logged_at) AS INTEGER) END AS logged_weekday,
  LEFT(SHA2('=' || e.ticket_id, 256), 32) AS ticket_key
FROM careplus.log_entries e;
