-- What dashboards see: views only.
-- Seconds, not minutes: EXTRACT gives an INTEGER in Redshift, and its division would cut.
CREATE OR REPLACE VIEW reporting.tickets AS
SELECT t.ticket_id, t.created_at, t.resolved_at, t.agent, t.priority, t.num_interactions,
  t.issue_category, t.channel, t.status,
  CAST(EXTRACT(EPOCH FROM t.resolved_at) AS BIGINT) - CAST(EXTRACT(EPOCH FROM t.created_at) AS BIGINT) AS resolution_seconds,
  CAST(t.created_at AS DATE) AS created_date,
  CASE WHEN t.status = 'Resolved' THEN 1 ELSE 0 END AS is_resolved
FROM careplus.tickets t;

CREATE OR REPLACE VIEW reporting.quarantine AS
SELECT q.dataset, q.event_id, q.ticket_id, q.reasons, q.copies, q.original, q.raw_pointer,
  q.rules_version, q.quarantined_at, q.original_encoding, q.original_bytes
FROM careplus.quarantine q;

-- The books of each day: what is read is the sum of the other columns.
CREATE OR REPLACE VIEW reporting.ticket_books AS
SELECT s.book_day,
  SUM(s.copies) AS copies_read,
  SUM(CASE WHEN s.accepted = 1 AND s.is_latest = 1 THEN 1 ELSE 0 END) AS shown,
  SUM(CASE WHEN s.accepted = 1 THEN s.copies - 1 ELSE 0 END) AS repeats,
  SUM(CASE WHEN s.accepted = 1 AND s.is_latest = 0 THEN 1 ELSE 0 END) AS superseded,
  SUM(CASE WHEN s.accepted = 0 AND s.rules_version > 0 THEN 1 ELSE 0 END) AS quarantined,
  SUM(CASE WHEN s.accepted = 0 AND s.rules_version > 0 THEN s.copies - 1 ELSE 0 END) AS quarantined_repeats,
  SUM(CASE WHEN s.rules_version = 0 THEN s.copies ELSE 0 END) AS dead_lettered
FROM careplus.ticket_state s
JOIN ops.ticket_frontier f ON f.source = s.source AND f.epoch = s.epoch AND f.shown = 1
WHERE s.copies > 0
GROUP BY s.book_day;

CREATE OR REPLACE VIEW reporting.freshness AS
SELECT CAST('tickets' AS VARCHAR(64)) AS dataset, f.source, f.epoch, f.seq, f.committed_ms,
  TIMESTAMP 'epoch' + (f.committed_ms / 1000) * INTERVAL '1 second' AS complete_up_to
FROM ops.ticket_frontier f
WHERE f.shown = 1;
