-- Views of Amazon Redshift's catalogue (Database Developer Guide: SVV_TABLES, SVV_COLUMNS, PG_TABLE_DEF)
-- by which its drivers and BI tools find what there is. They stand where Redshift has them, and show a
-- user what she may read, for so does what they read.
SET LOCAL allow_system_table_mods = on;

CREATE OR REPLACE VIEW pg_catalog.svv_tables AS
SELECT t.table_catalog::varchar AS table_catalog, t.table_schema::varchar AS table_schema,
  t.table_name::varchar AS table_name, t.table_type::varchar AS table_type,
  obj_description(format('%I.%I', t.table_schema, t.table_name)::regclass, 'pg_class')::varchar AS remarks
FROM information_schema.tables t;

CREATE OR REPLACE VIEW pg_catalog.svv_columns AS
SELECT c.table_catalog::varchar AS table_catalog, c.table_schema::varchar AS table_schema,
  c.table_name::varchar AS table_name, c.column_name::varchar AS column_name,
  c.ordinal_position::integer AS ordinal_position, c.column_default::varchar AS column_default,
  c.is_nullable::varchar AS is_nullable, c.data_type::varchar AS data_type,
  c.character_maximum_length::integer AS character_maximum_length,
  c.numeric_precision::integer AS numeric_precision,
  c.numeric_precision_radix::integer AS numeric_precision_radix,
  c.numeric_scale::integer AS numeric_scale, c.datetime_precision::integer AS datetime_precision,
  col_description(format('%I.%I', c.table_schema, c.table_name)::regclass, c.ordinal_position::integer)::varchar AS remarks
FROM information_schema.columns c;

-- As on Redshift, of what the search path finds only.
CREATE OR REPLACE VIEW pg_catalog.pg_table_def AS
SELECT n.nspname AS schemaname, c.relname AS tablename, a.attname AS "column",
  format_type(a.atttypid, a.atttypmod) AS type, 'none'::varchar AS encoding, false AS distkey,
  0 AS sortkey, a.attnotnull AS "notnull"
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'v') AND pg_table_is_visible(c.oid) AND has_table_privilege(c.oid, 'SELECT');

GRANT SELECT ON pg_catalog.svv_tables, pg_catalog.svv_columns, pg_catalog.pg_table_def TO PUBLIC;
