import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  duplicateUuid,
  newSegment,
  parseSegmentFile,
  readSegment,
  recordLine,
  segmentFile,
  segmentSeed,
} from '../../../../../../infra/local/aws-endpoint/firehose/segments.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'careplus-segment-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function read(content: string) {
  const path = join(folder, 'segment');
  await writeFile(path, content);
  const records = [];
  for await (const some of readSegment(path)) records.push(...some);
  return records;
}

describe('segment names', () => {
  it('give the segment back, and sort by arrival', () => {
    const early = newSegment(999);
    const late = newSegment(1_000);
    expect(parseSegmentFile(segmentFile(early))).toEqual(early);
    expect(segmentFile(early) < segmentFile(late)).toBe(true);
  });

  it('are not seen in other files', () => {
    expect(parseSegmentFile('stream.json')).toBeUndefined();
  });

  it('derive a second uuid and a seed that are always the same', () => {
    const segment = newSegment(1);
    const again = parseSegmentFile(segmentFile(segment));
    expect(again).toBeDefined();
    if (again === undefined) return;
    expect(duplicateUuid(segment)).toBe(duplicateUuid(again));
    expect(duplicateUuid(segment)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(duplicateUuid(segment)).not.toBe(segment.uuid);
    expect(segmentSeed(segment)).toBe(segmentSeed(again));
  });
});

describe('readSegment', () => {
  it('gives the records in order', async () => {
    const records = Array.from({ length: 5_000 }, (_, index) => ({
      arrivalMs: 1_000 + index,
      base64: Buffer.from('x'.repeat(index % 300)).toString('base64'),
    }));
    expect(await read(records.map(recordLine).join(''))).toEqual(records);
  });

  it('cuts a last line that has no end', async () => {
    const whole = { arrivalMs: 1, base64: 'AAAA' };
    expect(await read(`${recordLine(whole)}2 AAA`)).toEqual([whole]);
    expect(await read('2 AAA')).toEqual([]);
    expect(await read('')).toEqual([]);
  });
});
