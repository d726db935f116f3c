-- What `careplus verify` found, for dashboards: its own count at the source against the warehouse.
CREATE OR REPLACE VIEW reporting.verifications AS
SELECT v.dataset, v.verified_at, v.ok, v.books
FROM ops.verifications v;
