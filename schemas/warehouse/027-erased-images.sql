-- An image that was erased (schemas/erased-image.ts) has a verdict of its own.
CREATE OR REPLACE VIEW reporting.ticket_history AS
SELECT c.ticket_id, c.key_hash AS ticket_key,
  c.source || ':' || CAST(c.epoch AS VARCHAR(20)) || ':' || CAST(c.seq AS VARCHAR(20)) AS event_id,
  CASE WHEN c.kind = '+' AND c.gtid IS NULL THEN CAST('in the snapshot' AS VARCHAR(16)) WHEN c.kind = '+' THEN CAST('written' AS VARCHAR(16))
    WHEN c.kind = '-' THEN CAST('removed' AS VARCHAR(16)) ELSE CAST('unreadable' AS VARCHAR(16)) END AS change,
  TIMESTAMP 'epoch' + (c.committed_ms / 1000) * INTERVAL '1 second' AS committed_at, c.gtid,
  CASE WHEN c.rules_version = 2147483647 THEN CAST('erased' AS VARCHAR(16)) WHEN c.accepted = 1 THEN CAST('accepted' AS VARCHAR(16))
    WHEN c.rules_version > 0 THEN CAST('quarantined' AS VARCHAR(16)) ELSE CAST('unreadable' AS VARCHAR(16)) END AS verdict,
  c.rules_version, c.reasons,
  TIMESTAMP 'epoch' + (c.created_at_ms / 1000) * INTERVAL '1 second' AS created_at,
  TIMESTAMP 'epoch' + (c.resolved_at_ms / 1000) * INTERVAL '1 second' AS resolved_at,
  c.agent, c.priority, c.num_interactions, c.issue_category, c.channel, c.status,
  'kafka:' || CAST(c.kafka_partition AS VARCHAR(20)) || ':' || CAST(c.kafka_offset AS VARCHAR(20)) AS raw_pointer,
  c.source, c.epoch, c.seq
FROM careplus.ticket_changes c
WHERE c.kind IN ('+', '-', 'X');

COMMENT ON COLUMN reporting.ticket_history.verdict IS 'accepted, quarantined or unreadable, by the newest rules that judged it; erased where it was forgotten.';
