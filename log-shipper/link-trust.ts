import { lstatSync, statSync } from 'node:fs';

const ROOT = 0;

/**
 * Whether a symbolic link in a folder of logs may be followed: one of root's, of our own account's,
 * or of the account to which the file belongs. Whoever may write to a folder of logs could else have
 * any file shipped that the shipper may read (the kernel's rule for shared folders: proc(5),
 * `protected_symlinks`).
 *
 * @throws what the file system throws, such as ENOENT when the link leads nowhere.
 */
export function mayFollow(link: string): boolean {
  const { uid } = lstatSync(link);
  return uid === ROOT || uid === process.geteuid?.() || uid === statSync(link).uid;
}

/** What is told of a link that is not followed. */
export function untrustedLink(link: string): NodeJS.ErrnoException {
  const text = `${link} is a link to a file that does not belong to the link's owner`;
  return Object.assign(new Error(text), { code: 'EPERM' });
}
