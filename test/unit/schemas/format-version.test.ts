import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../runtime/config/load-config.ts';
import { readerCheckpointSchema, shipperCheckpointSchema } from '../../../schemas/checkpoint.ts';
import { frontiersSchema } from '../../../schemas/frontiers.ts';
import { holesSchema } from '../../../schemas/holes.ts';

const refusal = /this program reads version 1, found 2/;

describe('an unknown version is refused in words, in', () => {
  test.each([
    ['the reader’s checkpoint', readerCheckpointSchema],
    ['the shipper’s checkpoint', shipperCheckpointSchema],
    ['the announcement of a batch', frontiersSchema],
    ['the list of holes', holesSchema],
  ])('%s', (_, schema) => {
    expect(String(schema.safeParse({ version: 2, epochs: [], holes: [] }).error)).toMatch(refusal);
  });

  test('the configuration, with its line', () => {
    expect(() => parseConfig('\nversion: 2\n', 'careplus.yaml')).toThrow(
      /careplus\.yaml:2: version: this program reads version 1, found 2/,
    );
    expect(() => parseConfig('kafka: {}\n', 'careplus.yaml')).toThrow(
      /version: this program reads version 1, found none/,
    );
  });
});

test('an announcement without a version is one of the first loaders', () => {
  expect(frontiersSchema.parse({ epochs: [] })).toEqual([]);
  expect(holesSchema.parse({ holes: [] }).holes).toEqual([]);
});
