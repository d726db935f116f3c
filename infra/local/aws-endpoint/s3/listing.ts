import { compareUtf8 } from './utf8-order.ts';

export interface ListingRequest {
  readonly prefix: string;
  readonly delimiter: string | undefined;
  /** List only keys behind this one. */
  readonly startAfter: string | undefined;
  /** From a former page's `nextToken`; then `startAfter` counts no more. */
  readonly continuationToken: string | undefined;
  readonly maxKeys: number;
}

export interface Listing<T> {
  readonly contents: readonly T[];
  readonly commonPrefixes: readonly string[];
  /** Undefined on the last page. */
  readonly nextToken: string | undefined;
}

/** The continuation token is none that a listing has given. */
export class BadContinuationToken extends Error {}

/** Where a page ends: behind one key, or behind all keys under one common prefix. */
type Place = { readonly after: string } | { readonly afterAllOf: string };

/**
 * One page of ListObjectsV2: keys under the prefix in UTF-8 byte order; those with the delimiter
 * behind the prefix are rolled up, and each common prefix counts as one key.
 * Protocol: S3 API reference, ListObjectsV2.
 *
 * @param sorted all objects of the bucket, in UTF-8 byte order of their keys.
 * @throws {BadContinuationToken}
 */
export function listPage<T extends { readonly key: string }>(
  sorted: readonly T[],
  request: ListingRequest,
): Listing<T> {
  const { prefix, delimiter, maxKeys } = request;
  const contents: T[] = [];
  const commonPrefixes: string[] = [];
  let index = firstIndex(sorted, ({ key }) => compareUtf8(key, prefix) >= 0);
  const start = startPlace(request);
  if (start !== undefined) index = Math.max(index, indexBehind(sorted, start));
  let last: Place | undefined;
  while (maxKeys > 0) {
    const item = sorted[index];
    if (!item?.key.startsWith(prefix)) break;
    if (contents.length + commonPrefixes.length === maxKeys) {
      return { contents, commonPrefixes, nextToken: last && encodeToken(last) };
    }
    const common = commonPrefixOf(item.key, prefix, delimiter);
    if (common === undefined) {
      contents.push(item);
      last = { after: item.key };
      index++;
    } else {
      commonPrefixes.push(common);
      last = { afterAllOf: common };
      index = indexBehind(sorted, last);
    }
  }
  return { contents, commonPrefixes, nextToken: undefined };
}

function commonPrefixOf(key: string, prefix: string, delimiter?: string): string | undefined {
  if (delimiter === undefined) return undefined;
  const found = key.indexOf(delimiter, prefix.length);
  return found === -1 ? undefined : key.slice(0, found + delimiter.length);
}

function indexBehind(sorted: readonly { readonly key: string }[], place: Place): number {
  return 'after' in place
    ? firstIndex(sorted, ({ key }) => compareUtf8(key, place.after) > 0)
    : firstIndex(
        sorted,
        ({ key }) => compareUtf8(key, place.afterAllOf) > 0 && !key.startsWith(place.afterAllOf),
      );
}

/** Binary search for the first item that passes; all items behind it pass too. */
function firstIndex<T>(sorted: readonly T[], passes: (item: T) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (passes(sorted[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function startPlace({ continuationToken, startAfter }: ListingRequest): Place | undefined {
  if (continuationToken !== undefined) return decodeToken(continuationToken);
  return startAfter === undefined ? undefined : { after: startAfter };
}

function encodeToken(place: Place): string {
  const text = 'after' in place ? `k${place.after}` : `p${place.afterAllOf}`;
  return Buffer.from(text, 'utf8').toString('base64url');
}

function decodeToken(token: string): Place {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  const place = text.slice(1);
  if (text.startsWith('k')) return { after: place };
  if (text.startsWith('p')) return { afterAllOf: place };
  throw new BadContinuationToken('The continuation token provided is incorrect');
}
