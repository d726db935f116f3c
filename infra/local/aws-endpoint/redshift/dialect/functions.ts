/**
 * - `scalar`: one value of one row;
 * - `aggregate`: also as a window function;
 * - `ordered-set`: an aggregate with WITHIN GROUP;
 * - `ranking`: only as a window function and without a frame;
 * - `frame`: only as a window function, over a frame.
 */
type FunctionKind = 'scalar' | 'aggregate' | 'ordered-set' | 'ranking' | 'frame';

export interface FunctionRule {
  readonly kind: FunctionKind;
  readonly minArguments: number;
  readonly maxArguments: number;
  /** PostgreSQL's name, when it differs. */
  readonly postgresName?: string;
  /** The first argument is a date part, with or without quotes. */
  readonly takesDatePart?: true;
  /** Its window must have an ORDER BY. */
  readonly needsOrder?: true;
}

const rule = (kind: FunctionKind, minArguments: number, maxArguments = minArguments) => ({
  kind,
  minArguments,
  maxArguments,
});
const scalar = (minArguments: number, maxArguments = minArguments): FunctionRule =>
  rule('scalar', minArguments, maxArguments);
const aggregate = rule('aggregate', 1);
const many = 100;

/**
 * The functions that run alike on Amazon Redshift and here: PostgreSQL's own, or those of
 * strict-functions.sql where PostgreSQL has none or another meaning.
 */
export const functionRules: ReadonlyMap<string, FunctionRule> = new Map<string, FunctionRule>([
  ['count', aggregate],
  ['sum', aggregate],
  ['min', aggregate],
  ['max', aggregate],
  ['avg', aggregate],
  ['stddev', aggregate],
  ['stddev_samp', aggregate],
  ['stddev_pop', aggregate],
  ['variance', aggregate],
  ['var_samp', aggregate],
  ['var_pop', aggregate],
  ['bool_and', aggregate],
  ['bool_or', aggregate],
  ['percentile_cont', rule('ordered-set', 1)],

  ['row_number', rule('ranking', 0)],
  ['rank', rule('ranking', 0)],
  ['dense_rank', rule('ranking', 0)],
  ['percent_rank', rule('ranking', 0)],
  ['cume_dist', rule('ranking', 0)],
  ['ntile', rule('ranking', 1)],
  // Without PostgreSQL's third argument (r_WF_LAG, r_WF_LEAD).
  ['lag', { ...rule('ranking', 1, 2), needsOrder: true }],
  ['lead', { ...rule('ranking', 1, 2), needsOrder: true }],
  ['first_value', rule('frame', 1)],
  ['last_value', rule('frame', 1)],
  ['nth_value', rule('frame', 2)],

  // Of one column: of several, Amazon Redshift and PostgreSQL need not agree on the order of the bits.
  ['grouping', scalar(1)],
  ['coalesce', scalar(1, many)],
  ['nvl', { ...scalar(1, many), postgresName: 'coalesce' }],
  ['nullif', scalar(2)],
  ['greatest', scalar(1, many)],
  ['least', scalar(1, many)],

  ['abs', scalar(1)],
  ['sign', scalar(1)],
  ['round', scalar(1, 2)],
  ['floor', scalar(1)],
  ['ceil', scalar(1)],
  ['ceiling', scalar(1)],
  ['trunc', scalar(1, 2)],
  ['mod', scalar(2)],
  ['power', scalar(2)],
  ['sqrt', scalar(1)],
  ['exp', scalar(1)],
  ['ln', scalar(1)],
  ['log', scalar(1)],

  ['length', scalar(1)],
  ['len', { ...scalar(1), postgresName: 'length' }],
  ['char_length', scalar(1)],
  ['character_length', scalar(1)],
  ['octet_length', scalar(1)],
  ['lower', scalar(1)],
  ['upper', scalar(1)],
  ['initcap', scalar(1)],
  ['btrim', scalar(1, 2)],
  ['ltrim', scalar(1, 2)],
  ['rtrim', scalar(1, 2)],
  ['left', scalar(2)],
  ['right', scalar(2)],
  ['substr', scalar(2, 3)],
  ['strpos', scalar(2)],
  ['charindex', scalar(2)],
  ['replace', scalar(3)],
  ['split_part', scalar(3)],
  ['concat', scalar(2)],
  ['lpad', scalar(2, 3)],
  ['rpad', scalar(2, 3)],
  ['repeat', scalar(2)],
  ['reverse', scalar(1)],
  ['ascii', scalar(1)],
  ['chr', scalar(1)],
  ['translate', scalar(3)],
  ['md5', scalar(1)],
  ['sha2', scalar(2)],

  ['getdate', scalar(0)],
  ['date_trunc', scalar(2)],
  ['date_part', { ...scalar(2), takesDatePart: true }],
  ['dateadd', { ...scalar(3), takesDatePart: true }],
  ['datediff', { ...scalar(3), takesDatePart: true }],
  ['last_day', scalar(1)],
  ['convert_timezone', scalar(2, 3)],
  ['to_char', scalar(2)],
  ['to_date', scalar(2)],
  ['to_timestamp', scalar(2)],
  ['current_database', scalar(0)],
  ['has_database_privilege', scalar(2, 3)],
  ['has_schema_privilege', scalar(2, 3)],
  ['has_table_privilege', scalar(2, 3)],
]);

/**
 * Functions of PostgreSQL that Amazon Redshift does not run on its compute nodes, or not at all
 * (c_unsupported-postgresql-functions, c_sql-functions-leader-node).
 */
export const unsupportedFunctions: ReadonlySet<string> = new Set(
  `array_agg array_append array_length array_to_string string_to_array string_agg json_agg
  json_build_object jsonb_agg jsonb_build_object jsonb_object_agg to_json to_jsonb row_to_json
  generate_series unnest regexp_matches regexp_split_to_table regexp_split_to_array format overlay
  now age clock_timestamp statement_timestamp transaction_timestamp timeofday make_date
  make_timestamp date_bin pg_sleep pg_advisory_lock pg_advisory_xact_lock pg_try_advisory_lock
  currval nextval setval lastval encode gen_random_uuid quote_ident quote_literal
  width_bucket setseed num_nonnulls num_nulls`
    .trim()
    .split(/\s+/),
);

/** They run without user tables only (c_sql-functions-leader-node). */
export const leaderNodeFunctions: ReadonlySet<string> = new Set([
  'has_database_privilege',
  'has_schema_privilege',
  'has_table_privilege',
]);

/** Date parts that mean the same in both (r_Dateparts_for_datetime_functions). */
export const dateParts: ReadonlySet<string> = new Set([
  'year',
  'quarter',
  'month',
  'week',
  'day',
  'hour',
  'minute',
  'second',
]);

/** Those that EXTRACT and DATE_PART know besides. */
export const extractParts: ReadonlySet<string> = new Set([...dateParts, 'epoch', 'dow', 'doy']);
