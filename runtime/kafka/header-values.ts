import type { IHeaders } from 'kafkajs';

/** A header's value as it comes: Kafka knows null beside the bytes, which the client's types do not say. */
export type HeaderValue = Buffer | string | null;

/** @returns the values of a header in their order: as many as it stands there. */
export function headerValues(header: IHeaders[string]): readonly HeaderValue[] {
  if (header === undefined) return [];
  return Array.isArray(header) ? header : [header];
}
