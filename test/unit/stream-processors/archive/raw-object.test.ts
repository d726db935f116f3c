import { describe, expect, it } from 'vitest';
import {
  packLines,
  rawLine,
  readRawObject,
} from '../../../../stream-processors/archive/raw-object.ts';

const record = {
  ...{ offset: '9007199254740993', timestamp: '1751328000000', attributes: 0 },
  key: Buffer.from([0xff, 0x00]),
  value: Buffer.from('line\none \u{1f3ab}'),
  headers: { one: Buffer.from([0xfe]), several: [Buffer.from('a'), Buffer.from('')] },
};

describe('an object of the raw archive', () => {
  it('gives back bytes, headers and offsets as they were', async () => {
    const tombstone = { ...record, offset: '9007199254740994', key: null, value: null };
    const bytes = await packLines([record, tombstone].map(rawLine));
    expect(await readRawObject(bytes)).toEqual([record, tombstone]);
  });

  it('gives back headers without a value', async () => {
    const none = null as unknown as Buffer;
    const headers = { none, several: [none, Buffer.from('a')] };
    const bytes = await packLines([rawLine({ ...record, headers })]);
    expect(await readRawObject(bytes)).toEqual([{ ...record, headers }]);
  });

  it('is refused where it is cut or foreign', async () => {
    const bytes = await packLines([rawLine(record)]);
    await expect(readRawObject(bytes.subarray(0, 30))).rejects.toThrow();
    await expect(readRawObject(await packLines(['{"offset":1}\n']))).rejects.toThrow();
  });
});
