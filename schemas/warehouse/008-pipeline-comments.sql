-- What the views and columns mean, for people and tools that find them in the catalogue.
COMMENT ON SCHEMA reporting IS 'What dashboards and BI tools read: views only. Times are UTC, to the second.';

COMMENT ON VIEW reporting.quarantine IS 'What the rules set aside now, one row for each different row or log entry, with its reasons and its original.';
COMMENT ON COLUMN reporting.quarantine.dataset IS 'tickets or logs.';
COMMENT ON COLUMN reporting.quarantine.event_id IS 'Where it came from: source, epoch and number of a ticket image; host, file and offset of a log entry.';
COMMENT ON COLUMN reporting.quarantine.ticket_id IS 'Number of the ticket, if it could be read.';
COMMENT ON COLUMN reporting.quarantine.reasons IS 'Broken rules as field:reason, separated by commas.';
COMMENT ON COLUMN reporting.quarantine.copies IS 'How often exactly this row or entry stands at the source.';
COMMENT ON COLUMN reporting.quarantine.original IS 'The row or entry as the source holds it, cut at 16 KiB; the whole is in the raw archive.';
COMMENT ON COLUMN reporting.quarantine.raw_pointer IS 'Kafka partition and offset of the record, which find it in the raw archive.';
COMMENT ON COLUMN reporting.quarantine.rules_version IS 'Version of the rules that judged it; 0 when the record could not be read at all.';
COMMENT ON COLUMN reporting.quarantine.quarantined_at IS 'When the change was committed at the source, or the log entry read, UTC.';
COMMENT ON COLUMN reporting.quarantine.original_encoding IS 'How original is written: utf8, or base64 for bytes that are no text.';
COMMENT ON COLUMN reporting.quarantine.original_bytes IS 'Bytes of the whole original, before it was cut.';

COMMENT ON VIEW reporting.freshness IS 'How far the warehouse is complete, one row for each source table and each host of logs.';
COMMENT ON COLUMN reporting.freshness.dataset IS 'tickets or logs.';
COMMENT ON COLUMN reporting.freshness.source IS 'The source table, or the host of the logs.';
COMMENT ON COLUMN reporting.freshness.epoch IS 'Epoch of the table that is shown; a re-snapshot begins a new one. NULL for logs.';
COMMENT ON COLUMN reporting.freshness.seq IS 'Number up to which every image has arrived; of logs, the bytes that are covered.';
COMMENT ON COLUMN reporting.freshness.committed_ms IS 'complete_up_to in milliseconds since 1970.';
COMMENT ON COLUMN reporting.freshness.complete_up_to IS 'Commit time of the newest change that is shown, or when the newest log bytes were read, UTC.';

COMMENT ON VIEW reporting.verifications IS 'What each run of careplus verify found: its own count at the source against the warehouse.';
COMMENT ON COLUMN reporting.verifications.dataset IS 'tickets or logs.';
COMMENT ON COLUMN reporting.verifications.verified_at IS 'When it was verified, UTC.';
COMMENT ON COLUMN reporting.verifications.ok IS '1 when the books close without an unexplained difference, else 0.';
COMMENT ON COLUMN reporting.verifications.books IS 'The books that were counted, as JSON.';
