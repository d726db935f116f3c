import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';
import { createLogEntryId, logEntryId } from '../../../schemas/log-identity.ts';
import { logFiles } from '../log-shipper/growing-file.ts';

const id = (text: string, host = 'h') => logEntryId(supportLogs.framing, host, Buffer.from(text));
const sha = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);

describe('the identity of a log entry', () => {
  it('is the hash of host, NUL and text', () => {
    expect(id('2025-07-01 00:00:00 x\ny\n---\n')).toBe(sha('h\x002025-07-01 00:00:00 x\ny'));
  });

  it('does not depend on how lines and the entry end', () => {
    const wanted = id('a\n\nb\n---\n');
    const same = [
      'a\n\nb',
      'a\n\nb\n',
      'a\r\n\r\nb\r\n---\r\n',
      'a \n\t\nb \t\n--- ',
      'a\n\nb\n\n',
    ];
    for (const text of same) expect([text, id(text)]).toEqual([text, wanted]);
  });

  it('depends on everything else', () => {
    const texts = ['a\nb', ' a\nb', 'a b', 'a\n\nb', 'a\rb', 'ab', 'a\nb\n---\nc', 'a\nb\n--', ''];
    expect(new Set(texts.map((text) => id(text))).size).toBe(texts.length);
    expect(id('a', 'one')).not.toBe(id('a', 'two'));
  });

  it('is the same for any cut into pieces', () => {
    const reference = (text: string) =>
      sha(`h\0${text.replaceAll(/[ \t\r]+(?=\n|$)/g, '').replace(/\n+$/, '')}`);
    const blank = fc.string({
      unit: fc.constantFrom(' ', '\t', '\r', '\n', 'x', '-'),
      maxLength: 40,
    });
    const bytes = fc.oneof(
      logFiles,
      blank.map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(200)), (file, cuts) => {
        const places = [0, ...cuts.map((cut) => Math.min(cut, file.length)), file.length];
        places.sort((a, b) => a - b);
        const hash = createLogEntryId('h');
        places.forEach((place, index) => hash.update(file.subarray(places[index - 1] ?? 0, place)));
        const whole = createLogEntryId('h');
        whole.update(file);
        const digest = hash.digest();
        expect(digest).toBe(whole.digest());
        const text = file.toString('utf8');
        if (Buffer.from(text).equals(file)) expect(digest).toBe(reference(text));
      }),
      { numRuns: 500 },
    );
  });
});
