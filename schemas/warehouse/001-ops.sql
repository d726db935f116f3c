-- Operations: who may load, and what has been applied.
CREATE SCHEMA IF NOT EXISTS stage;
CREATE SCHEMA IF NOT EXISTS careplus;
CREATE SCHEMA IF NOT EXISTS ops;
CREATE SCHEMA IF NOT EXISTS reporting;

-- One row a dataset. Taking over = UPDATE of the token in a transaction of its own.
CREATE TABLE IF NOT EXISTS ops.loader (
  dataset VARCHAR(64) NOT NULL,
  token VARCHAR(64) NOT NULL,
  taken_at TIMESTAMP NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ops.verifications (
  dataset VARCHAR(64) NOT NULL,
  verified_at TIMESTAMP NOT NULL,
  ok SMALLINT NOT NULL,
  books VARCHAR(65535) NOT NULL
) DISTSTYLE ALL;
