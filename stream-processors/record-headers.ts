import type { IHeaders } from 'kafkajs';
import { headerValues } from '../runtime/kafka/header-values.ts';

/** @returns the header's text; undefined where it is missing, null, or stands there more than once. */
export function headerText(headers: IHeaders | undefined, name: string): string | undefined {
  const [value, ...others] = headerValues(headers?.[name]);
  return others.length > 0 ? undefined : value?.toString();
}

/** Reads a whole number from 0 up without leading zeros, exact in a JSON number. */
export function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
