/**
 * Metrics on which alarms stand: the daemons export them and a deployment watches them under these
 * names. Counters end with `_total`; everything else is a gauge.
 */
export const watchedMetrics = {
  /** Of every daemon. */
  trouble: 'careplus_daemon_trouble',
  readerLag: 'careplus_cdc_reader_lag_seconds',
  readerErrors: 'careplus_cdc_reader_errors_total',
  processedRows: 'careplus_processor_rows_total',
  deadLetters: 'careplus_processor_dead_letters_total',
  notShown: 'careplus_archiver_not_shown_seconds',
  unfillableNumbers: 'careplus_archiver_unfillable_numbers',
  missingNumbers: 'careplus_loader_missing_numbers',
  oldestWaiting: 'careplus_loader_oldest_waiting_seconds',
  setAsideObjects: 'careplus_loader_set_aside_objects_total',
  loaderErrors: 'careplus_loader_errors_total',
} as const;
