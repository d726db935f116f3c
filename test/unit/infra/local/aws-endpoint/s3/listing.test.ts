import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BadContinuationToken,
  listPage,
  type ListingRequest,
} from '../../../../../../infra/local/aws-endpoint/s3/listing.ts';
import { compareUtf8 } from '../../../../../../infra/local/aws-endpoint/s3/utf8-order.ts';

const everything: ListingRequest = {
  prefix: '',
  delimiter: undefined,
  startAfter: undefined,
  continuationToken: undefined,
  maxKeys: 1000,
};

const bucket = (...keys: readonly string[]) => [...keys].sort(compareUtf8).map((key) => ({ key }));

function allPages(objects: readonly { key: string }[], request: ListingRequest) {
  const listed: string[] = [];
  let token: string | undefined;
  do {
    const page = listPage(objects, { ...request, continuationToken: token });
    expect(page.contents.length + page.commonPrefixes.length).toBeLessThanOrEqual(request.maxKeys);
    listed.push(...page.contents.map(({ key }) => key), ...page.commonPrefixes);
    token = page.nextToken;
  } while (token !== undefined);
  return listed.sort(compareUtf8);
}

describe('compareUtf8', () => {
  it('orders as the bytes of UTF-8 do', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });

  it('puts characters above U+FFFF behind U+FFFD, which UTF-16 does not', () => {
    expect(compareUtf8('\u{1F600}', '\uFFFD')).toBeGreaterThan(0);
  });
});

describe('listPage', () => {
  it('gives keys under the prefix in byte order: capitals before small letters', () => {
    const { contents } = listPage(bucket('o/a', 'o/B', 'p'), { ...everything, prefix: 'o/' });
    expect(contents.map(({ key }) => key)).toEqual(['o/B', 'o/a']);
  });

  it('rolls keys up to the first delimiter behind the prefix', () => {
    const page = listPage(bucket('a/1', 'a/2', 'b', 'a/x/y', 'c/'), {
      ...everything,
      delimiter: '/',
    });
    expect(page.contents.map(({ key }) => key)).toEqual(['b']);
    expect(page.commonPrefixes).toEqual(['a/', 'c/']);
  });

  it('starts behind the key of startAfter, and keeps the common prefix of what follows it', () => {
    const page = listPage(bucket('a/1', 'a/2', 'b'), {
      ...everything,
      delimiter: '/',
      startAfter: 'a/1',
    });
    expect(page.commonPrefixes).toEqual(['a/']);
  });

  it('does not give a common prefix again on the next page', () => {
    const request = { ...everything, delimiter: '/', maxKeys: 1 };
    const objects = bucket('a/1', 'a/2', 'b');
    const { commonPrefixes, nextToken } = listPage(objects, request);
    expect(commonPrefixes).toEqual(['a/']);
    const second = listPage(objects, { ...request, continuationToken: nextToken });
    expect(second).toMatchObject({ contents: [{ key: 'b' }], commonPrefixes: [] });
  });

  it('is not truncated where the last key just fits, nor where none is asked for', () => {
    expect(listPage(bucket('a', 'b'), { ...everything, maxKeys: 2 }).nextToken).toBeUndefined();
    expect(listPage(bucket('a'), { ...everything, maxKeys: 0 })).toEqual({
      contents: [],
      commonPrefixes: [],
      nextToken: undefined,
    });
  });

  it('refuses a token that no listing gave', () => {
    expect(() => listPage([], { ...everything, continuationToken: 'x' })).toThrow(
      BadContinuationToken,
    );
  });

  it('pages give what a whole scan gives, each entry once', () => {
    const key = fc.string({
      unit: fc.constantFrom('a', 'b', '/', '\u{1F600}', '\uFFFD'),
      maxLength: 5,
    });
    const request = fc.record({
      prefix: fc.constantFrom('', 'a', 'a/', '\uFFFD'),
      delimiter: fc.constantFrom(undefined, '/', 'b'),
      startAfter: fc.option(key, { nil: undefined }),
      maxKeys: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(key), request, (keys, { startAfter, ...asked }) => {
        const { prefix, delimiter } = asked;
        const expected = new Set(
          keys
            .filter((name) => name.startsWith(prefix))
            .filter((name) => startAfter === undefined || compareUtf8(name, startAfter) > 0)
            .map((name) => {
              const end = delimiter === undefined ? -1 : name.indexOf(delimiter, prefix.length);
              return end === -1 ? name : name.slice(0, end + 1);
            }),
        );
        const listed = allPages(bucket(...keys), { ...everything, ...asked, startAfter });
        expect(listed).toEqual([...expected].sort(compareUtf8));
      }),
    );
  });
});
