/**
 * Reads the small part of DAX that measures may use, and says it in SQL:
 *
 *   measure   = figure [ "/" number ]
 *   figure    = "DIVIDE(" aggregate "," aggregate ")" | aggregate
 *   aggregate = "COUNTROWS(" table ")"
 *             | ("SUM" | "COUNT" | "DISTINCTCOUNTNOBLANK" | "MIN") "(" column ")"
 *             | "CALCULATE(" aggregate ", KEEPFILTERS(" column "=" text "))"
 *   column    = table "[" name "]"
 *
 * and one form beside it, of a percentile over ranges ({@link parsePercentile}).
 *
 * A bare equality in CALCULATE would take the place of what a person chose of that column, where the
 * WHERE of the twin narrows it: a slicer on Resolved would still show all open tickets.
 *
 * Everything else (AVERAGE, MEDIAN, iterators, measures of measures) is refused: its translation
 * would not be obvious, or the warehouse would send rows instead of a figure.
 */

import { percentileDax } from '../../../schemas/percentiles.ts';

const columnFunctions = ['SUM', 'COUNT', 'DISTINCTCOUNTNOBLANK', 'MIN'] as const;

interface DaxColumn {
  readonly table: string;
  readonly column: string;
}

export interface DaxAggregate {
  readonly function: 'COUNTROWS' | (typeof columnFunctions)[number];
  readonly table: string;
  /** Undefined for COUNTROWS. */
  readonly column: string | undefined;
  readonly where:
    { readonly table: string; readonly column: string; readonly equals: string } | undefined;
}

export interface DaxFigure {
  readonly numerator: DaxAggregate;
  readonly denominator: DaxAggregate | undefined;
  readonly divisor: number | undefined;
}

export interface DaxPercentile {
  readonly table: string;
  /** Upper edges of ranges. */
  readonly column: string;
  readonly percent: number;
  readonly divisor: number | undefined;
}

/** A text that is no DAX of this subset. */
export class DaxError extends Error {
  override readonly name = 'DaxError';
}

const TOKEN =
  /\s+|'((?:[^']|'')+)'|\[((?:[^\]]|\]\])+)\]|"((?:[^"]|"")*)"|([A-Za-z_][\w.]*)|(\d+(?:\.\d+)?)|([(),=/])|(.)/gs;

interface Token {
  readonly kind: 'quoted table' | 'column' | 'text' | 'word' | 'number' | 'sign' | 'end';
  readonly value: string;
}

/** @throws {DaxError} that names the first token which does not belong there. */
export function parseDax(text: string): DaxFigure {
  const tokens = tokenize(text);
  let position = 0;
  const peek = (): Token => tokens[position] ?? { kind: 'end', value: '' };
  const take = (kind: Token['kind'], value?: string): string => {
    const token = peek();
    if (token.kind !== kind || (value !== undefined && token.value !== value)) {
      throw new DaxError(`${value ?? kind} expected at ${token.value || 'the end'}: ${text}`);
    }
    position += 1;
    return token.value;
  };
  const isSign = (sign: string) => peek().kind === 'sign' && peek().value === sign;

  const table = () => take(peek().kind === 'quoted table' ? 'quoted table' : 'word');
  const column = (): DaxColumn => ({ table: table(), column: take('column') });

  const aggregate = (): DaxAggregate => {
    const name = take('word');
    take('sign', '(');
    const found = call(name);
    take('sign', ')');
    return found;
  };

  const call = (name: string): DaxAggregate => {
    if (name === 'COUNTROWS') {
      return { function: name, table: table(), column: undefined, where: undefined };
    }
    if (name === 'CALCULATE') {
      const inner = aggregate();
      if (inner.where !== undefined) throw new DaxError(`one filter only: ${text}`);
      take('sign', ',');
      take('word', 'KEEPFILTERS');
      take('sign', '(');
      const of = column();
      take('sign', '=');
      const equals = take('text');
      take('sign', ')');
      return { ...inner, where: { ...of, equals } };
    }
    const known = columnFunctions.find((each) => each === name);
    if (known === undefined) throw new DaxError(`function ${name} is not allowed: ${text}`);
    return { function: known, ...column(), where: undefined };
  };

  const isRatio = peek().kind === 'word' && peek().value === 'DIVIDE';
  let figure: Omit<DaxFigure, 'divisor'>;
  if (isRatio) {
    take('word');
    take('sign', '(');
    const numerator = aggregate();
    take('sign', ',');
    figure = { numerator, denominator: aggregate() };
    take('sign', ')');
  } else {
    figure = { numerator: aggregate(), denominator: undefined };
  }
  let divisor: number | undefined;
  if (isSign('/')) {
    take('sign', '/');
    divisor = Number(take('number'));
  }
  take('end');
  return { ...figure, divisor };
}

/** What tells one percentile from another; everything else of its text is always the same. */
const PERCENTILE = /VALUES\((.+?)\), .* >= Total \* (\d\d)\)\nRETURN MINX\(.+?\)(?: \/ (\d+))?$/s;

/**
 * @returns undefined for what is no percentile of `schemas/percentiles.ts`, word for word.
 * @throws {DaxError} when it ranks something else than a column.
 */
export function parsePercentile(text: string): DaxPercentile | undefined {
  const [, column = '', percent, divided] = PERCENTILE.exec(text) ?? [];
  const divisor = divided === undefined ? undefined : Number(divided);
  if (text !== percentileDax(column, Number(percent), divisor)) return undefined;
  const { numerator } = parseDax(`COUNT(${column})`);
  return {
    table: numerator.table,
    column: numerator.column ?? '',
    percent: Number(percent),
    divisor,
  };
}

function tokenize(text: string): readonly Token[] {
  return [...text.matchAll(TOKEN)].flatMap(
    ([all, table, column, string, word, number, sign, other]) => {
      if (other !== undefined) throw new DaxError(`unexpected ${other}: ${text}`);
      if (table !== undefined) return [token('quoted table', table.replaceAll("''", "'"))];
      if (column !== undefined) return [token('column', column.replaceAll(']]', ']'))];
      if (string !== undefined) return [token('text', string.replaceAll('""', '"'))];
      if (word !== undefined) return [token('word', word)];
      if (number !== undefined) return [token('number', number)];
      return all.trim() === '' ? [] : [token('sign', sign ?? all)];
    },
  );
}

function token(kind: Token['kind'], value: string): Token {
  return { kind, value };
}
