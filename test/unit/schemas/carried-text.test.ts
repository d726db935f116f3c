import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { carriedText, mappedValueBytes } from '../../../schemas/carried-text.ts';

describe('carriedText', () => {
  it('is the text itself as long as its bytes are within the limit', () => {
    for (const text of ['', 'a'.repeat(10), 'é'.repeat(5), '😀😀ab']) {
      expect(carriedText(text, 10)).toBe(text);
    }
  });

  it('is the beginning of a longer text, whole characters of it, with the size and hash of all', () => {
    const text = '123456789é😀';
    const digest = createHash('sha256').update(text).digest('hex');
    expect(carriedText(text, 10)).toBe(`123456789… [15 bytes, SHA-256 ${digest}]`);
    expect(carriedText(text, 11)).toBe(`123456789é… [15 bytes, SHA-256 ${digest}]`);
  });

  it('tells texts apart that differ behind the limit', () => {
    expect(carriedText('a'.repeat(100), 10)).not.toBe(carriedText(`${'a'.repeat(99)}b`, 10));
  });
});

describe('mappedValueBytes', () => {
  it('leaves the values of TEXT columns whole where the mapping is short', () => {
    expect(mappedValueBytes(Array.from({ length: 9 }))).toBe(65_535);
    expect(mappedValueBytes(Array.from({ length: 60 }))).toBe(10_000);
  });
});
