import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { placesOf } from '../../../../operations/verify/log-coverage.ts';
import { supportLogs } from '../../../../schemas/datasets/support-logs/index.ts';
import type { ShipperCheckpoint } from '../../../../schemas/checkpoint.ts';

const head = Buffer.from('2025-07-01 00:00:00 [INFO] the beginning of a file');

/** The place of a file whose beginning was known so far. */
function place(generation: string, inode: string, beginning: Buffer): ShipperCheckpoint {
  return {
    version: 1,
    host: 'h',
    generation,
    path: '/a.log',
    offset: 10,
    generationStart: 0,
    identity: {
      device: '1',
      inode,
      fingerprint: createHash('sha256').update(beginning).digest('hex'),
      fingerprintBytes: beginning.length,
      birthMs: 0,
    },
    state: 'open',
    openEntryId: null,
    interrupted: false,
    seenBytes: 10,
    writtenAtMs: 1,
  };
}

describe('the place of a file', () => {
  const file = { inode: '7', head };
  const generationsOf = (places: readonly ShipperCheckpoint[], dataset = supportLogs) =>
    placesOf({ dataset }, [file], places).map((found) => found.place?.generation);

  it('is known by inode and beginning, whatever its name; the newest counts', () => {
    const places = [
      place('1-old', '7', head.subarray(0, 9)),
      place('3-new', '7', head.subarray(0, 20)),
      place('2-mid', '7', head),
    ];
    expect(generationsOf(places)).toEqual(['3-new']);
  });

  it('is of the format in which its reading began, whatever its name is by now', () => {
    const other = { ...supportLogs, name: 'other' };
    const places = [{ ...place('1-a', '7', head), dataset: 'other' }];
    expect(generationsOf(places, other)).toEqual(['1-a']);
    expect(generationsOf(places)).toEqual([]);
    expect(generationsOf([...places, place('2-b', '7', head)])).toEqual(['2-b']);
  });

  it('is none for another file, or one that began anew on the same inode', () => {
    const places = [
      place('1-a', '8', head),
      place('2-b', '7', Buffer.from('something else')),
      place('3-c', '7', Buffer.concat([head, Buffer.from(' that was longer')])),
    ];
    expect(generationsOf(places)).toEqual([undefined]);
  });
});
