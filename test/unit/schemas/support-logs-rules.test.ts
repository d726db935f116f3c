import { describe, expect, it } from 'vitest';
import { bookDay, judge, keyOf, sortMs } from '../../../schemas/datasets/support-logs/rules.ts';

const lines = [
  '2025-03-04 05:06:07 [INFO] shop.web.Cart - TicketID=T-9 SessionID=s9',
  'IP=192.0.2.7 | ResponseTime=12ms | CPU=7.5% | EventType=checkout | Error=false',
  'UserAgent="Agent/1.0 (test)"',
  'Message="paid | twice"',
  'Debug="a=b c=\\"d\\""',
  'TraceID=None',
  '---',
];
const good = lines.join('\n');

const clean = {
  logged_at: Date.UTC(2025, 2, 4, 5, 6, 7),
  log_level: 'INFO',
  component: 'shop.web.Cart',
  ticket_id: 'T-9',
  session_id: 's9',
  ip: '192.0.2.7',
  response_time_ms: 12,
  cpu_percent: 750,
  event_type: 'checkout',
  is_error: 0,
  user_agent: 'Agent/1.0 (test)',
  message: 'paid | twice',
  debug: 'a=b c="d"',
  trace_id: null,
};

const change = (from: string, to: string) => {
  expect(good).toContain(from);
  return good.replace(from, () => to);
};

describe('the rules of support logs', () => {
  it.each([
    ['as it is', good],
    ['without its terminator', lines.slice(0, -1).join('\n')],
    ['with a line end', `${good}\n`],
    ['with CR LF and blanks at line ends', `${lines.join(' \t\r\n')}\r\n`],
    ['behind a byte order mark and a blank line', `\uFEFF\r\n${good}`],
    [
      'with its fields in another order',
      [lines[0], ...lines.slice(1, -1).reverse(), '---'].join('\n'),
    ],
    ['with all on one line', lines.slice(0, -1).join(' ')],
    ['with a field that nobody knows', change('TraceID=None', 'Region="eu 1" TraceID=None')],
  ])('accept an entry %s', (_, entry) => {
    expect(judge(entry)).toEqual({ accepted: true, clean });
  });

  it('take names of the head for fields like any other that nobody knows', () => {
    const entry = change('TraceID=None', 'time=1 time=2 level=3 TraceID=None');
    expect(judge(entry)).toEqual({ accepted: true, clean });
  });

  it.each([
    ['nothing', ''],
    ['a terminator alone', '---\n'],
    ['no level', change('[INFO] ', '')],
    ['no dash', change(' - ', ' ')],
    ['a quote that does not end', change('twice"', 'twice')],
    ['a quote inside a quote', change('paid', 'pa"id')],
    ['words between the fields', change('IP=', 'and then IP=')],
    ['an entry inside', `${good}\n${good}`],
  ])('cannot parse %s', (_, entry) => {
    expect(judge(entry)).toEqual({ accepted: false, reasons: ['entry:unparsable'] });
  });

  it('name every reason at once', () => {
    const entry = change('[INFO]', '[LOUD]').replace('12ms', '-1ms').replace('false', 'no');
    expect(judge(entry)).toEqual({
      accepted: false,
      reasons: ['log_level:unknown-value', 'response_time_ms:negative', 'is_error:not-a-boolean'],
    });
  });

  it('judge a long entry in time', () => {
    const long = 'x'.repeat(250_000);
    expect(judge(change('paid', long))).toMatchObject({ accepted: true });
    expect(judge(change('paid', `"${' a='.repeat(80_000)}`))).toMatchObject({ accepted: false });
  });
});

describe('what the warehouse finds and books an entry by', () => {
  it.each([
    ['an entry', good, Date.UTC(2025, 2, 4, 5, 6, 7), '2025-03-04'],
    ['one with blanks and CR', lines.join(' \r\n'), Date.UTC(2025, 2, 4, 5, 6, 7), '2025-03-04'],
    [
      'one that is no entry but has a time',
      '2025-03-04 05:06 x',
      Date.UTC(2025, 2, 4, 5, 6),
      '2025-03-04',
    ],
    ['an impossible hour', change('05:06:07', '25:06:07'), 0, '2025-03-04'],
    ['an impossible day', change('2025-03-04', '2025-02-30'), 0, 'unknown'],
    ['no text at all', '', 0, 'unknown'],
  ])('is the time of %s', (_, entry, ms, day) => {
    expect([sortMs(entry), bookDay(entry)]).toEqual([ms, day]);
  });

  it('finds a ticket in an entry that cannot be parsed', () => {
    expect(keyOf('garbage | TicketID=T-1|more')).toBe('T-1');
    expect(keyOf('NoTicketID=T-1')).toBeNull();
  });
});
