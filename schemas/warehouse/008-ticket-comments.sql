-- What the views and columns mean, for people and tools that find them in the catalogue.
-- Views of later migrations carry their own comments; a test finds those without. At most 38
-- statements a migration: the Data API takes 40 in a batch, and the loader adds two.
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

COMMENT ON VIEW reporting.ticket_books IS 'The books of the tickets by day: copies_read is the sum of the other columns.';
COMMENT ON COLUMN reporting.ticket_books.book_day IS 'First ten characters of created_at at the source, or unknown if they are no date.';
COMMENT ON COLUMN reporting.ticket_books.copies_read IS 'Rows that the source table holds.';
COMMENT ON COLUMN reporting.ticket_books.shown IS 'Rows that count as a ticket.';
COMMENT ON COLUMN reporting.ticket_books.repeats IS 'Further copies of an accepted row, whole and identical.';
COMMENT ON COLUMN reporting.ticket_books.superseded IS 'Accepted rows of a ticket for which a row with later activity counts.';
COMMENT ON COLUMN reporting.ticket_books.quarantined IS 'Different rows that the rules set aside.';
COMMENT ON COLUMN reporting.ticket_books.quarantined_repeats IS 'Further copies of a row that is set aside.';
COMMENT ON COLUMN reporting.ticket_books.dead_lettered IS 'Rows whose record could not be read.';
