-- Mostly there is one source: its tickets are joined as they stand, and only those of further sources
-- are looked up in the sources before theirs.
CREATE OR REPLACE VIEW reporting.ticket_errors AS
SELECT e.value_key AS ticket_key, e.label AS ticket_id, e.severe AS errors,
  CASE WHEN s.key_hash IS NULL THEN CAST('No' AS VARCHAR(3)) ELSE CAST('Yes' AS VARCHAR(3)) END AS ticket_shown,
  s.status, s.agent, s.priority, s.issue_category, s.channel
FROM careplus.log_sums e
LEFT JOIN (SELECT t.key_hash, t.status, t.agent, t.priority, t.issue_category, t.channel
  FROM ops.ticket_frontier f
  JOIN (SELECT MIN(source) AS source FROM ops.ticket_frontier WHERE shown = 1) l ON l.source = f.source
  JOIN careplus.ticket_state t ON t.source = f.source AND t.epoch = f.epoch
  WHERE f.shown = 1 AND t.is_latest = 1 AND t.accepted = 1 AND t.copies > 0
  UNION ALL
  SELECT t.key_hash, t.status, t.agent, t.priority, t.issue_category, t.channel
  FROM ops.ticket_frontier f
  JOIN (SELECT MIN(source) AS source FROM ops.ticket_frontier WHERE shown = 1) l ON l.source < f.source
  JOIN careplus.ticket_state t ON t.source = f.source AND t.epoch = f.epoch
  LEFT JOIN (SELECT o.key_hash, g.source
    FROM ops.ticket_frontier g
    JOIN ops.ticket_frontier h ON h.source < g.source
    JOIN careplus.ticket_state o ON o.source = h.source AND o.epoch = h.epoch
    WHERE g.shown = 1 AND h.shown = 1 AND o.is_latest = 1 AND o.accepted = 1 AND o.copies > 0
    GROUP BY o.key_hash, g.source) earlier ON earlier.key_hash = t.key_hash AND earlier.source = t.source
  WHERE f.shown = 1 AND t.is_latest = 1 AND t.accepted = 1 AND t.copies > 0 AND earlier.key_hash IS NULL) s ON s.key_hash = e.value_key
WHERE e.dimension = 'ticket' AND e.severe > 0;
