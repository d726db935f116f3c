-- What the views of 013-page-sums.sql mean, for people and tools that find them in the catalogue.
COMMENT ON VIEW reporting.log_days IS 'Accepted log entries summed up by the day and by all dimensions at once, kept by the loader: the same numbers as over reporting.log_entries, read from few rows.';
COMMENT ON COLUMN reporting.log_days.logged_date IS 'Day, UTC.';
COMMENT ON COLUMN reporting.log_days.logged_weekday IS 'Weekday of the day, 1 is Monday, UTC.';
COMMENT ON COLUMN reporting.log_days.log_level IS 'DEBUG, INFO, WARNING or ERROR.';
COMMENT ON COLUMN reporting.log_days.component IS 'Part of the system that wrote the entries.';
COMMENT ON COLUMN reporting.log_days.event_type IS 'Kind of event.';
COMMENT ON COLUMN reporting.log_days.user_agent IS 'Program of the client.';
COMMENT ON COLUMN reporting.log_days.response_range IS 'Range of the response time; NULL where the entries have none.';
COMMENT ON COLUMN reporting.log_days.entries IS 'Entries.';
COMMENT ON COLUMN reporting.log_days.errors IS 'Entries that say Error=true.';
COMMENT ON COLUMN reporting.log_days.response_time_ms IS 'Sum of their response times.';
COMMENT ON COLUMN reporting.log_days.responses IS 'Entries that have a response time.';
COMMENT ON COLUMN reporting.log_days.cpu_hundredths IS 'Sum of their CPU use in hundredths of a percent.';
COMMENT ON COLUMN reporting.log_days.cpu_readings IS 'Entries that have a CPU use.';

COMMENT ON VIEW reporting.ticket_errors IS 'Log entries of level ERROR by the ticket that they name, joined over key hashes: one row for each such ticket, shown or not.';
COMMENT ON COLUMN reporting.ticket_errors.ticket_key IS 'Key hash of the ticket: joins views, also where ticket_id has blanks at its end.';
COMMENT ON COLUMN reporting.ticket_errors.ticket_id IS 'Number of the ticket, as the log writes it.';
COMMENT ON COLUMN reporting.ticket_errors.errors IS 'Different log entries of level ERROR that name the ticket.';
COMMENT ON COLUMN reporting.ticket_errors.ticket_shown IS 'Yes when the ticket is shown now, else No: it is in quarantine, deleted or was never read.';
COMMENT ON COLUMN reporting.ticket_errors.status IS 'Status of the ticket now; NULL when it is not shown.';
COMMENT ON COLUMN reporting.ticket_errors.agent IS 'Agent of the ticket now.';
COMMENT ON COLUMN reporting.ticket_errors.priority IS 'Priority of the ticket now.';
COMMENT ON COLUMN reporting.ticket_errors.issue_category IS 'Issue category of the ticket now.';
COMMENT ON COLUMN reporting.ticket_errors.channel IS 'Channel of the ticket now.';

COMMENT ON COLUMN reporting.log_entries.logged_weekday IS 'Weekday of logged_at, 1 is Monday, UTC.';
COMMENT ON COLUMN reporting.log_entries.ticket_key IS 'Key hash of the ticket: joins views, also where ticket_id has blanks at its end.';
