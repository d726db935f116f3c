import type { IncomingMessage } from 'node:http';
import type { FileHandle } from 'node:fs/promises';
import type { S3Address } from './operations.ts';

/** One request of S3, its path and query read. */
export interface S3Call extends S3Address {
  readonly request: IncomingMessage;
  /** Of the caller's credential scope. */
  readonly region: string;
}

/** Bytes of an open file, both ends included; whoever sends or drops the reply closes it. */
export interface FileSlice {
  readonly file: FileHandle;
  readonly first: number;
  readonly last: number;
}

export interface S3Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  /** XML, or bytes of an object. A slice whose `last` is before its `first` is empty. */
  readonly body?: string | FileSlice;
}

export type S3Handler = (call: S3Call) => Promise<S3Reply>;

export const noContent: S3Reply = { status: 204 };

/** A 200 reply with an XML document. */
export function xmlReply(body: string): S3Reply {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}

/** An ETag as headers and XML carry it. */
export function quoted(etag: string): string {
  return `"${etag}"`;
}
