-- Which version of the rules has judged all images of a ticket, 0 where several have: then, and where
-- nothing is said, the loader tells its periods anew from the whole history.
ALTER TABLE careplus.ticket_periods ADD COLUMN rules_version INTEGER;
