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
-- Redshift lets everybody make tables in `public`; a reader should not.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
