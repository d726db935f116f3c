-- What the views and columns of 007-history.sql mean, for people and tools that find them in the catalogue.
COMMENT ON VIEW reporting.ticket_periods IS 'One row for each time that a ticket shown now had a status, told from all accepted images up to the frontier. The image that counts after each source transaction gives the status; equal statuses in a row are one period, so neither repeats of a row, nor a re-snapshot, nor a replay make a new one. What was quarantined or absent in between is bridged.';
COMMENT ON COLUMN reporting.ticket_periods.ticket_id IS 'Number of the ticket, as the source writes it.';
COMMENT ON COLUMN reporting.ticket_periods.ticket_key IS 'Key hash of the ticket: joins views, also where ticket_id has blanks at its end.';
COMMENT ON COLUMN reporting.ticket_periods.period_number IS '1, 2, 3 … in the order of the ticket.';
COMMENT ON COLUMN reporting.ticket_periods.status IS 'Status in this period: Open, Resolved or Escalated.';
COMMENT ON COLUMN reporting.ticket_periods.prior_status IS 'Status of the period before; NULL in the first.';
COMMENT ON COLUMN reporting.ticket_periods.entered_at IS 'When the status began, UTC: created_at for the first period; resolved_at where the change to a status other than Open set it; else the commit at the source. A ticket first seen closed with a resolved_at was Open from created_at until then. Never before the period before it.';
COMMENT ON COLUMN reporting.ticket_periods.left_at IS 'When the next period began, UTC; NULL in the last one.';
COMMENT ON COLUMN reporting.ticket_periods.period_seconds IS 'Seconds from entered_at to left_at; NULL in the last period.';
COMMENT ON COLUMN reporting.ticket_periods.is_current IS '1 for the status that the ticket has now, else 0.';
COMMENT ON COLUMN reporting.ticket_periods.is_reopening IS '1 when the ticket became Open after another status, else 0.';
COMMENT ON COLUMN reporting.ticket_periods.closed_ticket IS 'The ticket_key where a period of Open ended with this one, else NULL: made to be counted.';
COMMENT ON COLUMN reporting.ticket_periods.transition IS 'How the period began: Opened, Closed (from Open to another status), Reopened, or Changed (from one closed status to another).';
COMMENT ON COLUMN reporting.ticket_periods.agent IS 'Agent of the ticket now.';
COMMENT ON COLUMN reporting.ticket_periods.priority IS 'Priority of the ticket now.';
COMMENT ON COLUMN reporting.ticket_periods.issue_category IS 'Issue category of the ticket now.';
COMMENT ON COLUMN reporting.ticket_periods.channel IS 'Channel of the ticket now.';
COMMENT ON COLUMN reporting.ticket_periods.event_id IS 'Source, epoch and number of the image that first told of the period; see reporting.ticket_history.';

COMMENT ON VIEW reporting.ticket_backlog IS 'Open tickets over time, by the periods of reporting.ticket_periods: one row for each hour in which that number moved; between two rows it stays.';
COMMENT ON COLUMN reporting.ticket_backlog.backlog_hour IS 'Begin of the hour, UTC.';
COMMENT ON COLUMN reporting.ticket_backlog.backlog_date IS 'Day of the hour, UTC.';
COMMENT ON COLUMN reporting.ticket_backlog.opened IS 'Periods of Open that began in the hour.';
COMMENT ON COLUMN reporting.ticket_backlog.closed IS 'Periods of Open that ended in the hour.';
COMMENT ON COLUMN reporting.ticket_backlog.open_tickets IS 'Tickets that were open at the end of the hour, of those shown now.';

COMMENT ON COLUMN reporting.tickets.created_hour IS 'Hour of the day of created_at, 0 to 23, UTC.';
COMMENT ON COLUMN reporting.tickets.created_weekday IS 'Weekday of created_at, 1 is Monday, UTC.';
COMMENT ON COLUMN reporting.tickets.ticket_key IS 'Key hash of the ticket: joins views, also where ticket_id has blanks at its end.';
COMMENT ON COLUMN reporting.tickets.event_id IS 'Source, epoch and number of the image that is shown; see reporting.ticket_history.';
