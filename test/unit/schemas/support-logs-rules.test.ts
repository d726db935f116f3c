import { describe, expect, it } from 'vitest';
import { bookDay, judge, keyOf, sortMs } from '../../../schemas/datasets/support-logs/rules.ts';
import { quarantineReasons } from '../../../schemas/quarantine-reasons.ts';

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

  it.each([
    ['[INFO]', '[INF0]', 'log_level', 'INFO'],
    ['[INFO]', '[DEBG]', 'log_level', 'DEBUG'],
    ['[INFO]', '[DEBUG]', 'log_level', 'DEBUG'],
    ['[INFO]', '[warnING]', 'log_level', 'WARNING'],
    ['[INFO]', '[WARNING]', 'log_level', 'WARNING'],
    ['[INFO]', '[EROR]', 'log_level', 'ERROR'],
    ['[INFO]', '[ERROR]', 'log_level', 'ERROR'],
    ['Error=false', 'Error=true', 'is_error', 1],
    ['CPU=7.5%', 'CPU=100%', 'cpu_percent', 10_000],
    ['CPU=7.5%', 'CPU=0.07%', 'cpu_percent', 7],
    ['CPU=7.5%', 'CPU=None', 'cpu_percent', null],
    ['ResponseTime=12ms', 'ResponseTime=0ms', 'response_time_ms', 0],
    ['ResponseTime=12ms', 'ResponseTime=2147483647ms', 'response_time_ms', 2_147_483_647],
    ['TicketID=T-9', 'TicketID=None', 'ticket_id', null],
    ['TraceID=None', 'TraceID="None"', 'trace_id', 'None'],
    ['"paid | twice"', '""', 'message', ''],
    ['"paid | twice"', '"two\nlines\\\\n C:\\dir"', 'message', 'two\nlines\\n C:\\dir'],
    ['"paid | twice"', 'bare', 'message', 'bare'],
    ['05:06:07', '05:06', 'logged_at', Date.UTC(2025, 2, 4, 5, 6)],
  ])('read %j in the place of %j', (from, to, column, value) => {
    expect(judge(change(from, to))).toEqual({
      accepted: true,
      clean: { ...clean, [column]: value },
    });
  });

  it.each([
    ['2025-03-04', '2025-02-29', 'logged_at:impossible-date'],
    ['05:06:07', '24:00:00', 'logged_at:impossible-date'],
    ['[INFO]', '[info]', 'log_level:unknown-value'],
    ['[INFO]', '[constructor]', 'log_level:unknown-value'],
    ['ResponseTime=12ms', 'ResponseTime=-12ms', 'response_time_ms:negative'],
    ['ResponseTime=12ms', 'ResponseTime=12', 'response_time_ms:not-a-duration'],
    ['ResponseTime=12ms', 'ResponseTime=1.5ms', 'response_time_ms:not-a-duration'],
    ['ResponseTime=12ms', 'ResponseTime=٣ms', 'response_time_ms:not-a-duration'],
    ['ResponseTime=12ms', 'ResponseTime=2147483648ms', 'response_time_ms:not-a-duration'],
    ['ResponseTime=12ms', '', 'response_time_ms:missing'],
    ['CPU=7.5%', 'CPU=-7.5%', 'cpu_percent:negative'],
    ['CPU=7.5%', 'CPU=7.555%', 'cpu_percent:not-a-percentage'],
    ['CPU=7.5%', 'CPU=1000%', 'cpu_percent:not-a-percentage'],
    ['Error=false', 'Error=False', 'is_error:not-a-boolean'],
    ['Error=false', 'Error=None', 'is_error:missing'],
    ['EventType=checkout', 'EventType=', 'event_type:missing'],
    ['Message="paid | twice"', '', 'message:missing'],
    ['TraceID=None', 'TraceID=1 TraceID=2', 'trace_id:repeated-field'],
  ])('set aside %j → %j: %s', (from, to, reason) => {
    expect(judge(change(from, to))).toEqual({ accepted: false, reasons: [reason] });
    expect(Object.keys(quarantineReasons)).toContain(reason.split(':')[1]);
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
