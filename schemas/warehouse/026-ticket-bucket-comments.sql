-- What the views of 025-percentile-buckets.sql mean, for people and tools that find them in the catalogue.
COMMENT ON VIEW reporting.tickets IS 'Tickets as the source holds them now, each counted once; rows set aside by the rules are in reporting.quarantine.';
COMMENT ON COLUMN reporting.tickets.ticket_id IS 'Number of the ticket, as the source writes it.';
COMMENT ON COLUMN reporting.tickets.created_at IS 'When the ticket was opened, UTC.';
COMMENT ON COLUMN reporting.tickets.resolved_at IS 'When it was resolved, UTC; escalated tickets carry one too. NULL while it is open.';
COMMENT ON COLUMN reporting.tickets.agent IS 'Name of the agent who has the ticket.';
COMMENT ON COLUMN reporting.tickets.priority IS 'Low, Medium or High.';
COMMENT ON COLUMN reporting.tickets.num_interactions IS 'Messages exchanged with the customer.';
COMMENT ON COLUMN reporting.tickets.issue_category IS 'What the ticket is about.';
COMMENT ON COLUMN reporting.tickets.channel IS 'How the customer came: email, chat, phone, web form.';
COMMENT ON COLUMN reporting.tickets.status IS 'Open, Resolved or Escalated.';
COMMENT ON COLUMN reporting.tickets.resolution_seconds IS 'Seconds from created_at to resolved_at; NULL while it is open. Whole seconds, so that sums are exact.';
COMMENT ON COLUMN reporting.tickets.created_date IS 'Day of created_at, UTC.';
COMMENT ON COLUMN reporting.tickets.is_resolved IS '1 when the status is Resolved, else 0: made to be summed.';
COMMENT ON COLUMN reporting.tickets.created_hour IS 'Hour of the day of created_at, 0 to 23, UTC.';
COMMENT ON COLUMN reporting.tickets.created_weekday IS 'Weekday of created_at, 1 is Monday, UTC.';
COMMENT ON COLUMN reporting.tickets.ticket_key IS 'Key hash of the ticket: joins views, also where ticket_id has blanks at its end.';
COMMENT ON COLUMN reporting.tickets.event_id IS 'Source, epoch and number of the image that is shown; see reporting.ticket_history.';
COMMENT ON COLUMN reporting.tickets.resolution_bucket_seconds IS 'Upper edge of the range that resolution_seconds lies in: at most a minute or 5 % above it. Percentiles are told by it, the same in every language.';
