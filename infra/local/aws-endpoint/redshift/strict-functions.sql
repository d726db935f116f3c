-- Functions that mean something else in Amazon Redshift than in PostgreSQL, or that PostgreSQL
-- lacks. Their schema stands first in the search path, so that they are found before PostgreSQL's
-- own, for BI clients that connect directly too. Run as one transaction; may be run again.
CREATE SCHEMA IF NOT EXISTS redshift_functions;
GRANT USAGE ON SCHEMA redshift_functions TO PUBLIC;
SET LOCAL search_path = redshift_functions, pg_catalog;

-- AVG of integers is a BIGINT, cut (r_AVG).
CREATE OR REPLACE FUNCTION avg_integer_result(bigint[]) RETURNS bigint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT CASE WHEN $1[1] = 0 THEN NULL ELSE $1[2] / $1[1] END $$;
CREATE OR REPLACE AGGREGATE avg(smallint) (
  SFUNC = int2_avg_accum, STYPE = bigint[], FINALFUNC = avg_integer_result,
  COMBINEFUNC = int4_avg_combine, INITCOND = '{0,0}', PARALLEL = SAFE
);
CREATE OR REPLACE AGGREGATE avg(integer) (
  SFUNC = int4_avg_accum, STYPE = bigint[], FINALFUNC = avg_integer_result,
  COMBINEFUNC = int4_avg_combine, INITCOND = '{0,0}', PARALLEL = SAFE
);

-- AVG of a DECIMAL keeps the scale of its argument (r_AVG). State: count, sum, scale.
CREATE OR REPLACE FUNCTION avg_decimal_step(numeric[], numeric) RETURNS numeric[]
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ BEGIN RETURN ARRAY[$1[1] + 1, $1[2] + $2, greatest($1[3], scale($2))]; END $$;
CREATE OR REPLACE FUNCTION avg_decimal_combine(numeric[], numeric[]) RETURNS numeric[]
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT ARRAY[$1[1] + $2[1], $1[2] + $2[2], greatest($1[3], $2[3])] $$;
CREATE OR REPLACE FUNCTION avg_decimal_result(numeric[]) RETURNS numeric
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT CASE WHEN $1[1] = 0 THEN NULL ELSE round($1[2] / $1[1], $1[3]::integer) END $$;
CREATE OR REPLACE AGGREGATE avg(numeric) (
  SFUNC = avg_decimal_step, STYPE = numeric[], FINALFUNC = avg_decimal_result,
  COMBINEFUNC = avg_decimal_combine, INITCOND = '{0,0,0}', PARALLEL = SAFE
);

CREATE OR REPLACE FUNCTION avg_bigint_step(numeric[], bigint) RETURNS numeric[]
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ BEGIN RETURN ARRAY[$1[1] + 1, $1[2] + $2, 0]; END $$;
CREATE OR REPLACE FUNCTION avg_bigint_result(numeric[]) RETURNS bigint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT CASE WHEN $1[1] = 0 THEN NULL ELSE trunc($1[2] / $1[1])::bigint END $$;
CREATE OR REPLACE AGGREGATE avg(bigint) (
  SFUNC = avg_bigint_step, STYPE = numeric[], FINALFUNC = avg_bigint_result,
  COMBINEFUNC = avg_decimal_combine, INITCOND = '{0,0,0}', PARALLEL = SAFE
);

-- STDDEV and VARIANCE are DOUBLE PRECISION whatever they count (r_STDDEV_functions,
-- r_VARIANCE_functions).
DO $$
DECLARE
  source text;
  result text;
BEGIN
  FOREACH source IN ARRAY ARRAY['smallint', 'integer', 'bigint', 'numeric'] LOOP
    EXECUTE format('CREATE OR REPLACE FUNCTION spread_step(double precision[], %s)
      RETURNS double precision[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
      AS ''SELECT float8_accum($1, $2::double precision)''', source);
    FOREACH result IN ARRAY ARRAY['stddev', 'stddev_samp', 'stddev_pop', 'variance', 'var_samp', 'var_pop'] LOOP
      EXECUTE format('CREATE OR REPLACE AGGREGATE %s(%s) (SFUNC = spread_step,
        STYPE = double precision[], FINALFUNC = %s, COMBINEFUNC = float8_combine,
        INITCOND = ''{0,0,0}'', PARALLEL = SAFE)', result, source,
        'float8_' || CASE result WHEN 'stddev' THEN 'stddev_samp' WHEN 'variance' THEN 'var_samp' ELSE result END);
    END LOOP;
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION refuse(text) RETURNS text
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN RAISE EXCEPTION '%', $1; END $$;

-- Letters beyond ASCII have cases too (r_LOWER, r_UPPER, r_INITCAP).
CREATE COLLATION IF NOT EXISTS letters (locale = 'C.UTF-8');
CREATE OR REPLACE FUNCTION lower(text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT pg_catalog.lower($1 COLLATE redshift_functions.letters) $$;
CREATE OR REPLACE FUNCTION upper(text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT pg_catalog.upper($1 COLLATE redshift_functions.letters) $$;
CREATE OR REPLACE FUNCTION initcap(text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT pg_catalog.initcap($1 COLLATE redshift_functions.letters) $$;

-- Parts are counted from 1, never from the end (SPLIT_PART).
CREATE OR REPLACE FUNCTION split_part(text, text, integer) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT CASE WHEN $3 < 1 THEN redshift_functions.refuse('field position must be greater than zero')
    ELSE pg_catalog.split_part($1, $2, $3) END $$;

-- A view takes no rows and keeps its columns when it is replaced (r_CREATE_VIEW): PostgreSQL lets
-- the rows of a simple one be changed, and columns be added. The trigger remembers their number.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger
  LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'cannot change a view: %', TG_TABLE_NAME; END $$;
CREATE OR REPLACE FUNCTION guard_view(name text) RETURNS void
  LANGUAGE plpgsql AS $$
DECLARE
  columns integer := (SELECT count(*) FROM pg_attribute
    WHERE attrelid = name::regclass AND attnum > 0 AND NOT attisdropped);
  before text := (SELECT encode(tgargs, 'escape') FROM pg_trigger
    WHERE tgrelid = name::regclass AND tgname = 'no_change');
BEGIN
  IF before <> columns || '\000' THEN
    RAISE EXCEPTION 'cannot change number of columns in view';
  END IF;
  EXECUTE format('CREATE OR REPLACE TRIGGER no_change INSTEAD OF INSERT OR UPDATE OR DELETE ON %s
    FOR EACH ROW EXECUTE FUNCTION redshift_functions.refuse_change(%s)', name::regclass, columns);
END $$;

-- CONCAT takes two texts and is NULL when one of them is (r_CONCAT).
CREATE OR REPLACE FUNCTION concat(text, text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT $1 || $2 $$;
CREATE OR REPLACE FUNCTION charindex(text, text) RETURNS integer
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT strpos($2, $1) $$;
-- SHA2(text, bits): 0 means 256 (SHA2).
CREATE OR REPLACE FUNCTION sha2(text, integer) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT encode(CASE $2
    WHEN 224 THEN sha224(convert_to($1, 'UTF8')) WHEN 256 THEN sha256(convert_to($1, 'UTF8'))
    WHEN 0 THEN sha256(convert_to($1, 'UTF8')) WHEN 384 THEN sha384(convert_to($1, 'UTF8'))
    WHEN 512 THEN sha512(convert_to($1, 'UTF8')) END, 'hex') $$;
CREATE OR REPLACE FUNCTION round(double precision, integer) RETURNS double precision
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT round($1::numeric, $2)::double precision $$;

-- GETDATE: start of the statement in UTC, in seconds (r_GETDATE); SYSDATE: of the transaction
-- (r_SYSDATE).
CREATE OR REPLACE FUNCTION sysdate() RETURNS timestamp
  LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT transaction_timestamp() AT TIME ZONE 'UTC' $$;
CREATE OR REPLACE FUNCTION getdate() RETURNS timestamp
  LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT date_trunc('second', statement_timestamp() AT TIME ZONE 'UTC') $$;
-- DATE_TRUNC of a DATE stays without zone (r_DATE_TRUNC).
CREATE OR REPLACE FUNCTION date_trunc(text, date) RETURNS timestamp
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT date_trunc($1, $2::timestamp) $$;
-- TRUNC of a TIMESTAMP is its DATE (r_TRUNC_date).
CREATE OR REPLACE FUNCTION trunc(timestamp) RETURNS date
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT $1::date $$;
CREATE OR REPLACE FUNCTION last_day(timestamp) RETURNS date
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT (date_trunc('month', $1) + INTERVAL '1 month' - INTERVAL '1 day')::date $$;
CREATE OR REPLACE FUNCTION convert_timezone(text, text, timestamp) RETURNS timestamp
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT ($3 AT TIME ZONE $1) AT TIME ZONE $2 $$;
CREATE OR REPLACE FUNCTION convert_timezone(text, timestamp) RETURNS timestamp
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT ($2 AT TIME ZONE 'UTC') AT TIME ZONE $1 $$;

-- EXTRACT of a TIMESTAMP gives whole numbers, of a TIMESTAMPTZ a DOUBLE (r_EXTRACT_function). The
-- page says INTEGER; seconds since 1970 are a BIGINT here, so that years behind 2038 do not fail.
CREATE OR REPLACE FUNCTION extract_part(text, timestamp) RETURNS integer
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT trunc(pg_catalog.date_part($1, $2))::integer $$;
CREATE OR REPLACE FUNCTION extract_part(text, date) RETURNS integer
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT pg_catalog.date_part($1, $2)::integer $$;
CREATE OR REPLACE FUNCTION extract_part(text, interval) RETURNS integer
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT trunc(pg_catalog.date_part($1, $2))::integer $$;
CREATE OR REPLACE FUNCTION extract_part(text, timestamptz) RETURNS double precision
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  AS $$ SELECT pg_catalog.date_part($1, $2) $$;
CREATE OR REPLACE FUNCTION extract_epoch(timestamp) RETURNS bigint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT floor(pg_catalog.date_part('epoch', $1))::bigint $$;
CREATE OR REPLACE FUNCTION extract_epoch(date) RETURNS bigint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT pg_catalog.date_part('epoch', $1)::bigint $$;
CREATE OR REPLACE FUNCTION extract_epoch(interval) RETURNS bigint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT trunc(pg_catalog.date_part('epoch', $1))::bigint $$;
CREATE OR REPLACE FUNCTION extract_epoch(timestamptz) RETURNS double precision
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  AS $$ SELECT pg_catalog.date_part('epoch', $1) $$;

-- DATEADD and DATEDIFF; the latter counts the boundaries between its dates (r_DATEDIFF_function).
CREATE OR REPLACE FUNCTION dateadd(text, bigint, timestamp) RETURNS timestamp
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT $3 + CASE WHEN $1 = 'quarter' THEN $2 * INTERVAL '3 months'
    ELSE $2 * ('1 ' || $1)::interval END $$;
CREATE OR REPLACE FUNCTION datediff(text, timestamp, timestamp) RETURNS bigint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT CASE $1
    WHEN 'year' THEN (pg_catalog.date_part('year', $3) - pg_catalog.date_part('year', $2))::bigint
    WHEN 'quarter' THEN ((pg_catalog.date_part('year', $3) - pg_catalog.date_part('year', $2)) * 4
      + pg_catalog.date_part('quarter', $3) - pg_catalog.date_part('quarter', $2))::bigint
    WHEN 'month' THEN ((pg_catalog.date_part('year', $3) - pg_catalog.date_part('year', $2)) * 12
      + pg_catalog.date_part('month', $3) - pg_catalog.date_part('month', $2))::bigint
    ELSE ((pg_catalog.date_part('epoch', pg_catalog.date_trunc($1, $3))
      - pg_catalog.date_part('epoch', pg_catalog.date_trunc($1, $2)))
      / CASE $1 WHEN 'week' THEN 604800 WHEN 'day' THEN 86400 WHEN 'hour' THEN 3600
        WHEN 'minute' THEN 60 WHEN 'second' THEN 1 END)::bigint END $$;
