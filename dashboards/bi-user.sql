-- A user for BI tools: reads the views of `reporting` and sees nothing else. Run once on Redshift
-- by the database user of the loader, after its first start; views run with the rights of their
-- owner, so `reporting` is all that a reader needs. The local stack makes this user by itself.
--
-- A person signs in by IAM or the identity provider. For a tool that needs a password:
--   ALTER USER careplus_bi PASSWORD '…';
CREATE GROUP careplus_bi_readers;
CREATE USER careplus_bi PASSWORD DISABLE IN GROUP careplus_bi_readers;
GRANT USAGE ON SCHEMA reporting TO GROUP careplus_bi_readers;
GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO GROUP careplus_bi_readers;
-- Views that a later migration brings. Whoever is not the loader's user says FOR USER "…" before IN SCHEMA.
ALTER DEFAULT PRIVILEGES IN SCHEMA reporting GRANT SELECT ON TABLES TO GROUP careplus_bi_readers;
-- Redshift lets everybody make tables in `public`; a reader should not.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
