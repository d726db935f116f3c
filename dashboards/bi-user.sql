-- A user for BI tools: reads the views of `reporting` and sees nothing else. Run once on Redshift
-- as the warehouse's administrator, when the loader has started once. Views run with the rights of
-- their owner, so `reporting` is all that a reader needs. The local stack makes this user by itself.
--
-- A person signs in by IAM or the identity provider. For a tool that needs a password:
--   ALTER USER careplus_bi PASSWORD '…';
CREATE GROUP careplus_bi_readers;
CREATE USER careplus_bi PASSWORD DISABLE IN GROUP careplus_bi_readers;
GRANT USAGE ON SCHEMA reporting TO GROUP careplus_bi_readers;
GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO GROUP careplus_bi_readers;
-- Views that a later migration brings belong to the loader: its database user in this deployment.
ALTER DEFAULT PRIVILEGES FOR USER "IAMR:careplus-warehouse-loader" IN SCHEMA reporting
  GRANT SELECT ON TABLES TO GROUP careplus_bi_readers;
-- Redshift lets everybody make tables in `public` and temporary ones; a reader should not. The
-- loader has the right to temporary ones by itself.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE TEMP ON DATABASE careplus FROM PUBLIC;
-- A reader's forgotten query ends after a minute, a forgotten session after an hour.
ALTER USER careplus_bi CONNECTION LIMIT 20 SESSION TIMEOUT 3600;
ALTER USER careplus_bi SET statement_timeout TO 60000;
