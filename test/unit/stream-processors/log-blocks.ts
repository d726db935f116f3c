import type { KafkaMessage } from 'kafkajs';
import { logHeaders, type LogBlock, type LogRange } from '../../../schemas/log-entries.ts';

/** A whole entry in the CarePlus format. */
export function entryText(overrides: { time?: string; responseTime?: string } = {}): string {
  const { time = '2025-03-04 05:06:07', responseTime = '12ms' } = overrides;
  return [
    `${time} [INF0] shop.web.Cart - TicketID=T-9 SessionID=s9`,
    `IP=192.0.2.7 | ResponseTime=${responseTime} | CPU=7.5% | EventType=checkout | Error=true`,
    'UserAgent="Agent/1.0"',
    'Message="paid"',
    'Debug="ok"',
    'TraceID=None',
    '---\n',
  ].join('\n');
}

export function range(
  offset: number,
  text: string | Buffer,
  more: Partial<LogRange> = {},
): LogRange {
  const bytes = Buffer.from(text);
  return {
    ...{ offset, length: bytes.length, kind: 'entry', bytes, truncated: false },
    entry_id: String(offset).padStart(32, 'a'),
    ...more,
  };
}

export function filler(offset: number, length: number): LogRange {
  return range(offset, '', { length, kind: 'filler', entry_id: '' });
}

export function block(ranges: readonly LogRange[]): LogBlock {
  return {
    ...{ host: 'web-1', path: '/var/log/shop.log', generation: '1741064767000-f00d' },
    ...{ generation_start: 0, ranges, read_at_ms: 6_000 },
  };
}

/** A record of a block, with the headers that the shipper gives it. */
export function message(offset: number, of: LogBlock, value: Buffer | null): KafkaMessage {
  const last = of.ranges.at(-1);
  return {
    ...{ key: null, value, timestamp: '7000', attributes: 0, offset: String(offset) },
    headers: {
      [logHeaders.host]: of.host,
      [logHeaders.generation]: of.generation,
      [logHeaders.generationStart]: String(of.generation_start),
      [logHeaders.first]: String(of.ranges[0]?.offset ?? 0),
      [logHeaders.end]: String((last?.offset ?? 0) + (last?.length ?? 0)),
    },
  };
}
