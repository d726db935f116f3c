import { createHash } from 'node:crypto';

/** A file as the file system tells it. */
export interface FileFacts {
  readonly device: string;
  readonly inode: string;
  readonly size: number;
  /** When the file was made (epoch ms), 0 if the file system does not know. */
  readonly birthMs: number;
}

/** The beginning of a file: it grows with the file until it holds {@link FINGERPRINT_BYTES}. */
export interface Fingerprint {
  readonly fingerprint: string;
  readonly fingerprintBytes: number;
}

export const FINGERPRINT_BYTES = 1024;
const ID_LENGTH = 16;

export const noFingerprint: Fingerprint = { fingerprint: '', fingerprintBytes: 0 };

/** @param head the first bytes of the file, as many as there are or {@link FINGERPRINT_BYTES}. */
export function fingerprintOf(head: Buffer): Fingerprint {
  const bytes = head.subarray(0, FINGERPRINT_BYTES);
  const fingerprint = createHash('sha256').update(bytes).digest('hex');
  return { fingerprint, fingerprintBytes: bytes.length };
}

/** Whether a file that begins with `head` can be the one that had this fingerprint. */
export function beginsLike(head: Buffer, { fingerprint, fingerprintBytes }: Fingerprint): boolean {
  if (fingerprintBytes === 0) return true;
  if (head.length < fingerprintBytes) return false;
  return fingerprintOf(head.subarray(0, fingerprintBytes)).fingerprint === fingerprint;
}

/**
 * Name of a generation, `<created ms>-<hash>`: it sorts by time and stays with the file whatever it
 * is renamed to. The inode is in the hash: files that are made in the same millisecond often begin
 * alike.
 *
 * @param createdMs when the file was made, or when it began anew by truncation.
 */
export function generationId(createdMs: number, inode: string, head: Buffer): string {
  const hash = createHash('sha256')
    .update(`${inode}\0`)
    .update(head.subarray(0, FINGERPRINT_BYTES));
  return `${Math.trunc(createdMs)}-${hash.digest('hex').slice(0, ID_LENGTH)}`;
}

/**
 * Key under which a file is known while it exists. Device numbers may change when the machine
 * starts anew, so they count only where the file system tells no time of birth.
 */
export function fileKey({ device, inode, birthMs }: Omit<FileFacts, 'size'>): string {
  return birthMs > 0 ? `${inode}:${birthMs}` : `${inode}@${device}`;
}
