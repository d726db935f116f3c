-- What the views and columns of 007-history.sql mean, for people and tools that find them in the catalogue.
COMMENT ON VIEW reporting.log_hours IS 'Accepted log entries summed up by the hour and by one dimension at a time, kept by the loader: the same numbers as over reporting.log_entries, read from few rows. Sums over several dimensions would count an entry several times: choose one.';
COMMENT ON COLUMN reporting.log_hours.log_hour IS 'Begin of the hour, UTC.';
COMMENT ON COLUMN reporting.log_hours.logged_date IS 'Day of the hour, UTC.';
COMMENT ON COLUMN reporting.log_hours.logged_hour IS 'Hour of the day, 0 to 23, UTC.';
COMMENT ON COLUMN reporting.log_hours.logged_weekday IS 'Weekday of the hour, 1 is Monday, UTC.';
COMMENT ON COLUMN reporting.log_hours.dimension IS 'all, level, component, event_type, user_agent or response_range.';
COMMENT ON COLUMN reporting.log_hours.label IS 'Value of that dimension; NULL where the entries have none, and for all.';
COMMENT ON COLUMN reporting.log_hours.entries IS 'Entries.';
COMMENT ON COLUMN reporting.log_hours.errors IS 'Entries that say Error=true.';
COMMENT ON COLUMN reporting.log_hours.response_time_ms IS 'Sum of their response times.';
COMMENT ON COLUMN reporting.log_hours.responses IS 'Entries that have a response time.';
COMMENT ON COLUMN reporting.log_hours.cpu_hundredths IS 'Sum of their CPU use in hundredths of a percent.';
COMMENT ON COLUMN reporting.log_hours.cpu_readings IS 'Entries that have a CPU use.';

COMMENT ON VIEW reporting.logged_tickets IS 'Tickets that accepted log entries name, one row each, kept by the loader.';
COMMENT ON COLUMN reporting.logged_tickets.ticket_key IS 'Key hash of the ticket: joins views, also where ticket_id has blanks at its end.';
COMMENT ON COLUMN reporting.logged_tickets.ticket_id IS 'Number of the ticket, as the log writes it.';
COMMENT ON COLUMN reporting.logged_tickets.entries IS 'Entries that name it.';
COMMENT ON COLUMN reporting.logged_tickets.errors IS 'Those that say Error=true.';
