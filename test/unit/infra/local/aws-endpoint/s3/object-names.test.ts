import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  flatName,
  isBucketName,
} from '../../../../../../infra/local/aws-endpoint/s3/object-names.ts';

describe('flatName', () => {
  it('is one harmless file name for every key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), (key) => {
        const name = flatName(key);
        expect(name).toMatch(/^(?!\.)[A-Za-z0-9_.~%-]+$/);
        expect(name.length).toBeLessThanOrEqual(220);
      }),
    );
  });

  it.each(['..', '../../etc/passwd', '/', 'a', 'a/b', 'a%2Fb', 'A', '~', 'é'])(
    'shares no name with another key: %s',
    (key) => {
      const others = ['..', '../../etc/passwd', '/', 'a', 'a/b', 'a%2Fb', 'A', '~', 'é'];
      expect(others.filter((other) => flatName(other) === flatName(key))).toEqual([key]);
    },
  );

  it('tells long keys apart that begin alike', () => {
    const long = 'k'.repeat(900);
    expect(flatName(`${long}1`)).not.toBe(flatName(`${long}2`));
  });
});

describe('isBucketName', () => {
  it.each(['careplus-stored-data', 'a.b', '3buckets'])('takes %s', (name) => {
    expect(isBucketName(name)).toBe(true);
  });

  it.each(['ab', 'Lake', '-a1', 'a..b', '127.0.0.1', '__faults', 'xn--lake', 'x'.repeat(64), '..'])(
    'refuses %s',
    (name) => {
      expect(isBucketName(name)).toBe(false);
    },
  );
});
