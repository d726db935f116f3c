import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  crc64Avro,
  createDecoder,
  createEncoder,
  readFingerprint,
} from '../../../../runtime/avro/single-object-encoding.ts';
import { rowChangeSchema } from '../../../../schemas/row-change.ts';

describe('CRC-64-AVRO', () => {
  // Values of the specification's own test file, share/test/data/schema-tests.txt of Apache Avro.
  it.each([
    ['"null"', 7195948357588979594n],
    ['"boolean"', -6970731678124411036n],
    ['"int"', 8247732601305521295n],
    ['"long"', -3434872931120570953n],
    ['"string"', -8142146995180207161n],
    ['"bytes"', 5746618253357095269n],
    ['[]', -1241056759729112623n],
    ['["int"]', -5232228896498058493n],
    ['{"name":"foo","type":"fixed","size":15}', 1756455273707447556n],
    ['{"name":"foo","type":"record","fields":[]}', -4824392279771201922n],
  ])('of %s is %s', (canonicalForm, fingerprint) => {
    expect(BigInt.asIntN(64, crc64Avro(Buffer.from(canonicalForm)))).toBe(fingerprint);
  });

  it('of nothing is the empty fingerprint', () => {
    expect(crc64Avro(Buffer.alloc(0))).toBe(0xc15d213aa4d7a795n);
  });
});

const schema = {
  type: 'record',
  name: 'Pair',
  namespace: 'test',
  doc: 'not part of the canonical form',
  fields: [
    { name: 'text', type: ['null', 'string'], default: null },
    { name: 'number', type: 'long' },
  ],
};

describe('single-object encoding', () => {
  it('is C3 01, the fingerprint in little endian, and the body', () => {
    const encoder = createEncoder({ type: 'string' });
    expect(encoder.fingerprint).toBe('8f014872634503c7');
    // A string is its length as a zigzag varint, then its UTF-8 bytes.
    expect(encoder.encode('hi').toString('hex')).toBe('c301c70345637248018f046869');
  });

  it('gives back what was encoded, whatever its length', () => {
    const encoder = createEncoder(schema);
    const decoder = createDecoder(schema);
    const safe = fc.integer({ min: -(2 ** 52), max: 2 ** 53 - 2 });
    const long = fc.nat(20_000).map((length) => 'é'.repeat(length));
    const text = fc.option(fc.oneof(fc.string({ unit: 'binary' }), long));
    fc.assert(
      fc.property(fc.record({ text, number: safe }), (value) => {
        const encoded = encoder.encode(value);
        expect(readFingerprint(encoded)).toBe(encoder.fingerprint);
        expect(decoder.decode(encoded)).toEqual(value);
      }),
      { numRuns: 100 },
    );
  });

  it('does not share memory between values', () => {
    const encoder = createEncoder({ type: 'string' });
    const first = encoder.encode('first');
    encoder.encode('other');
    expect(createDecoder({ type: 'string' }).decode(first)).toBe('first');
  });

  it.each([
    ['no bytes', ''],
    ['another marker', 'c302c70345637248018f046869'],
    ['another schema', 'c3010000000000000000046869'],
    ['a cut body', 'c301c70345637248018f0468'],
    ['bytes behind the body', 'c301c70345637248018f04686900'],
  ])('is refused with %s', (_, hex) => {
    const encoded = Buffer.from(hex, 'hex');
    expect(() => createDecoder({ type: 'string' }).decode(encoded)).toThrow();
  });

  it('has no fingerprint without its header', () => {
    expect(readFingerprint(Buffer.from('c301c703456372', 'hex'))).toBeUndefined();
    expect(readFingerprint(Buffer.from('00c70345637248018f046869', 'hex'))).toBeUndefined();
  });

  it('refuses values that do not fit the schema', () => {
    expect(() => createEncoder(schema).encode({ text: 1, number: 1 })).toThrow();
    expect(() => createEncoder(schema).encode({ text: null, number: 2 ** 53 })).toThrow();
  });

  it('tells row changes of two shapes apart though their columns have the same names', () => {
    const of = (shape: string, type: string) =>
      createEncoder(rowChangeSchema(shape, [{ name: 'id', type }])).fingerprint;
    expect(of('a', 'int')).not.toBe(of('b', 'int unsigned'));
  });
});
