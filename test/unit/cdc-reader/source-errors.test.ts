import { describe, expect, it } from 'vitest';
import { sourceError } from '../../../cdc-reader/source-errors.ts';
import { PipelineError } from '../../../runtime/pipeline-error.ts';

const driverError = (errno: number, message: string) =>
  Object.assign(new Error(message), { errno });

describe('sourceError', () => {
  it.each([
    [1236, 'Could not find first log file name in binary log index file', 'CDC_1002', false],
    [1236, 'Could not find GTID state requested by slave in any binlog files.', 'CDC_1002', false],
    [1236, 'Cannot replicate because the source purged required binary logs.', 'CDC_1002', false],
    [
      1236,
      "requested to start from GTID 0-1-9, which is not in the master's binlog",
      'CDC_1006',
      false,
    ],
    [4052, 'A slave with the same server_uuid/server_id is already connected', 'CDC_1001', false],
    [1045, "Access denied for user 'reader'", 'CDC_1008', false],
    [1227, 'Access denied; you need REPLICATION SLAVE', 'CDC_1008', false],
    [2013, 'Lost connection to MySQL server', 'CDC_1004', true],
  ])('errno %i %s is %s', (errno, message, code, retryable) => {
    expect(sourceError(driverError(errno, message), 's')).toMatchObject({ code, retryable });
  });

  it('keeps errors of the pipeline as they are', () => {
    const known = new PipelineError('CDC_1003', 'renamed');
    expect(sourceError(known, 's')).toBe(known);
    expect(sourceError(new Error('wrapped', { cause: known }), 's')).toBe(known);
  });
});
