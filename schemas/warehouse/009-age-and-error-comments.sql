-- What the views and columns of 007-history.sql mean, for people and tools that find them in the catalogue.
COMMENT ON VIEW reporting.ticket_ages IS 'Age of each ticket with status Open.';
COMMENT ON COLUMN reporting.ticket_ages.ticket_id IS 'Number of the ticket, as the source writes it.';
COMMENT ON COLUMN reporting.ticket_ages.ticket_key IS 'Key hash of the ticket: joins views, also where ticket_id has blanks at its end.';
COMMENT ON COLUMN reporting.ticket_ages.created_at IS 'When the ticket was opened, UTC.';
COMMENT ON COLUMN reporting.ticket_ages.as_of IS 'The moment at which ages are taken, UTC: the newest created_at or resolved_at of the tickets shown, no later than the newest commit. Not the clock: the same data give the same ages.';
COMMENT ON COLUMN reporting.ticket_ages.age_seconds IS 'Seconds from created_at to as_of; 0 when it is created later.';
COMMENT ON COLUMN reporting.ticket_ages.age_range IS 'Range of the age, for charts.';
COMMENT ON COLUMN reporting.ticket_ages.age_order IS '1 for the youngest range to 6 for the oldest: sorts age_range.';
COMMENT ON COLUMN reporting.ticket_ages.agent IS 'Agent of the ticket now.';
COMMENT ON COLUMN reporting.ticket_ages.priority IS 'Priority of the ticket now.';
COMMENT ON COLUMN reporting.ticket_ages.issue_category IS 'Issue category of the ticket now.';
COMMENT ON COLUMN reporting.ticket_ages.channel IS 'Channel of the ticket now.';

COMMENT ON VIEW reporting.ticket_errors IS 'Log entries of level ERROR by the ticket that they name, joined over key hashes: one row for each such ticket, shown or not.';
COMMENT ON COLUMN reporting.ticket_errors.ticket_key IS 'Key hash of the ticket: joins views, also where ticket_id has blanks at its end.';
COMMENT ON COLUMN reporting.ticket_errors.ticket_id IS 'Number of the ticket, as the log writes it.';
COMMENT ON COLUMN reporting.ticket_errors.errors IS 'Different log entries of level ERROR that name the ticket.';
COMMENT ON COLUMN reporting.ticket_errors.first_error_at IS 'When the first of them was written, UTC.';
COMMENT ON COLUMN reporting.ticket_errors.last_error_at IS 'When the last of them was written, UTC.';
COMMENT ON COLUMN reporting.ticket_errors.ticket_shown IS 'Yes when the ticket is shown now, else No: it is in quarantine, deleted or was never read.';
COMMENT ON COLUMN reporting.ticket_errors.status IS 'Status of the ticket now; NULL when it is not shown.';
COMMENT ON COLUMN reporting.ticket_errors.agent IS 'Agent of the ticket now.';
COMMENT ON COLUMN reporting.ticket_errors.priority IS 'Priority of the ticket now.';
COMMENT ON COLUMN reporting.ticket_errors.issue_category IS 'Issue category of the ticket now.';
COMMENT ON COLUMN reporting.ticket_errors.channel IS 'Channel of the ticket now.';

COMMENT ON COLUMN reporting.log_entries.logged_weekday IS 'Weekday of logged_at, 1 is Monday, UTC.';
COMMENT ON COLUMN reporting.log_entries.ticket_key IS 'Key hash of the ticket: joins views, also where ticket_id has blanks at its end.';
