import { createHash } from 'node:crypto';

/** Leaves room for a version before the name within the 255 bytes that file systems give a name. */
const MAX_FLAT_BYTES = 220;

/**
 * File name of a key: percent-encoded, so that keys never become folders, `..` is harmless and no
 * two keys share a name. A key whose name would be too long gets its hash behind `~`, which no
 * encoded key holds.
 */
export function flatName(key: string): string {
  const encoded = encodeURIComponent(key).replace(
    /[!'()*~]|^\./g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  if (encoded.length <= MAX_FLAT_BYTES) return encoded;
  return `~${createHash('sha256').update(key, 'utf8').digest('hex')}`;
}

const BUCKET_NAME =
  /^(?!xn--|sthree-|amzn-s3-demo-)(?!.*(?:\.\.|-s3alias$|--ol-s3$))[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Protocol: S3 user guide, "General purpose bucket naming rules". */
export function isBucketName(name: string): boolean {
  return BUCKET_NAME.test(name) && !/^\d+\.\d+\.\d+\.\d+$/.test(name);
}

export const MAX_KEY_BYTES = 1024;
