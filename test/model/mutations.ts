import type { LoadStatement } from '../../warehouse-loader/load-statement.ts';

/** Faults planted in a batch's statements: by them the comparisons prove that they are sharp. */

/** Changes a batch's statements. */
export type Mutation = (statements: LoadStatement[]) => LoadStatement[];

/** Replaces a text in one statement; the text must be there. */
function change(step: string, from: string, to: string): Mutation {
  return (statements) =>
    statements.map((statement) => {
      if (statement.step !== step) return statement;
      if (!statement.sql.includes(from)) throw new TypeError(`${step} has no ${from}`);
      return { step, sql: statement.sql.replace(from, () => to) };
    });
}

/** Leaves a statement out. */
function without(step: string): Mutation {
  return (statements) => {
    if (!statements.some((statement) => statement.step === step)) throw new TypeError(`no ${step}`);
    return statements.filter((statement) => statement.step !== step);
  };
}

/** What breaks the status periods of a table, by what is lost. */
export const periodMutations: Readonly<Record<string, Mutation>> = {
  'a snapshot as one moment': change('find stays', 'c.seq < w.finish', '1 = 0'),
  'a transaction as one moment': change('find stays', 'c.gtid IS NULL', '1 = 1'),
  'the barrier': change('find stays', 'WHEN q.next_of_image IS NULL', 'WHEN 1 = 0'),
  'the rank': change('tell periods', 'p.rank DESC, ', ''),
  'an image that outlasts others': change('tell periods', 's.until > s.next_moment', '1 = 0'),
  'the verdict': change('tell periods', ' AND c.accepted = 1', ''),
  'the keys that a barrier or an epoch moves': (statements) =>
    statements.map(({ step, sql }) => ({
      step,
      sql: sql.replaceAll('(w.ready = 1 OR w.bar > 0)', '(1 = 0)'),
    })),
  'what a row tells itself': change('tell periods', 'THEN h.ended_ms', 'THEN h.ms'),
  'old periods': without('drop periods'),
};

/** What breaks the periods of keys that lead a plain life, which are appended. */
export const lifeMutations: Readonly<Record<string, Mutation>> = {
  'the past of a key that appears': change(
    'keys to tell',
    "l.is_first = 1 AND l.kind = '+'",
    '1 = 0',
  ),
  'an image beside the one that is shown': change('keys to tell', ' AND n.contents = 1', ''),
  'two images one after the other': change('find lives', 'OR q.prior_kind = q.kind ', ''),
  'another version of the rules': change(
    'find lives',
    ' OR q.prior_version <> q.rules_version',
    '',
  ),
  'an image that passes within its transaction': change(
    'find lives',
    ' OR q.next_gtid = q.gtid',
    '',
  ),
  'a quarantined image in a plain life': change('find lives', ' OR q.accepted = 0', ''),
  'the status before a change': change('find lives', 'lag(y.status)', 'lead(y.status)'),
  'the periods before the batch': change('tell periods', "l.kind = 'P'", '1 = 0'),
};

/** What breaks the sums of a log, by what is lost. */
export const sumMutations: Readonly<Record<string, Mutation>> = {
  'the old verdict': change('find moved', 'SELECT -1 AS sign', 'SELECT 0 AS sign'),
  'what was summed before': without('add to sums'),
  'new sums': without('new sums'),
  'blanks at the end': change('find moved', "m.component || '|'", "RTRIM(m.component) || '|'"),
  'repeats in the books': change('sum moved', 'k.more AS copies', '0 * k.more AS copies'),
  'the copies before a batch': change('find moved', '0 - k.copies', '0 - e.copies'),
  'the level': change('find moved', "m.log_level = 'ERROR'", 'm.is_error = 1'),
};

/** What breaks a table, by what is lost. */
export const imageMutations: Readonly<Record<string, Mutation>> = {
  'half a transaction': change('reach', ' AND q.tx_end = 1', ''),
  'a hole': change('reach', 'q.seq = q.lo + q.rn AND', ''),
  'a hole in a row of numbers': change('reach', ' AND n.images = n.highest - f.seq', ''),
  'what is pending behind a row of numbers': change('reach', 'p.source IS NULL AND ', ''),
  'the open end of a row of numbers': change('reach', ' AND c.seq <= d.hi', ''),
  'the epoch of a number': change('reach', 'f.epoch = p.epoch AND ', ''),
  'a pending image': change('keep pending', 'WHERE s.seq >', "WHERE s.kind <> '-' AND s.seq >"),
  'repeats inside a batch': without('drop repeats'),
  'one of each repeat': without('keep one of each'),
  'repeats of pending images': without('drop repeats of pending'),
  'a newer verdict of a pending image': without('drop older pending'),
  'applied images that stay pending': without('drop taken pending'),
  'the barrier, for images before the batch': change('emptied epochs', 'w.bar > 0 OR ', ''),
  'the barrier, for images of the batch': change('rebuild', ' AND i.seq > w.bar', ''),
  'the end of the snapshot': (statements) =>
    statements.map(({ step, sql }) => ({
      step,
      sql: sql.replaceAll('WHERE e.ready = 1 OR r.ready = 1', ''),
    })),
  'a newer verdict of an applied image': change(
    'find rejudged',
    's.rules_version > o.rules_version',
    '1 = 0',
  ),
  'the old verdict in history': without('drop old verdicts'),
  'the newest verdict': change('rebuild', 'y.rules_version DESC', 'y.rules_version'),
  'the repair of an unreadable image': change(
    'rebuild',
    'UNION ALL SELECT x.source, x.epoch, x.key_hash, x.image_id, x.seq, -1, 1,',
    'UNION ALL SELECT x.source, x.epoch, x.key_hash, x.image_id, x.seq, 0, 1,',
  ),
  'the key under which an unreadable image stood': change(
    'touched keys',
    'SELECT old_key_hash, epoch, source FROM rejudged',
    'SELECT key_hash, epoch, source FROM rejudged',
  ),
  'a repair of what a barrier removed': change(
    'rebuild',
    'CASE WHEN x.seq IS NULL THEN 0 WHEN',
    "CASE WHEN r.old_kind <> 'X' THEN 0 WHEN",
  ),
  'the latest by content': change('rebuild', 'z.rank DESC, z.image_id DESC', 'z.event_seq DESC'),
  'the rank': change('rebuild', 'z.rank DESC, ', ''),
  'closing an epoch': change(
    'show epochs',
    'WHEN ticket_frontier.epoch >= newest.epoch THEN 1',
    'WHEN 1 = 1 THEN 1',
  ),
  'the state of closed epochs': change('emptied epochs', ' OR f.epoch < n.epoch)', ')'),
  'pending images of closed epochs': without('drop closed pending'),
};

/** What breaks a log. */
export const logMutations: Readonly<Record<string, Mutation>> = {
  'repeats inside a batch': without('drop repeats'),
  'one of each repeat': without('keep one of each'),
  'a block beside its first range': (statements) =>
    statements.map(({ step, sql }) => ({
      step,
      sql: sql.replaceAll(
        /CASE WHEN \w+\.kind = 'X' THEN \w+\.len ELSE 0 END/g,
        'CAST(0 AS BIGINT)',
      ),
    })),
  'repeats below the frontier': change('arrive', 's.pos >= f.upto OR', '1 = 1 OR'),
  'repeats of what waits': change('arrive', 'AND p.pos IS NULL ', ''),
  'the repair of a block': change('arrive', ' OR r.pos IS NOT NULL', ''),
  'a repair that came before': change('find repairs', ' AND a.pos IS NULL', ''),
  'a block that cannot be read': without('note unreadable'),
  'a block that comes twice': change('note unreadable', ' AND u.pos IS NULL', ''),
  'a hole': change('reach', 'z.gaps = 0 AND', ''),
  'the reach of unreadable blocks': change(
    'reach',
    'UNION ALL SELECT host, generation, pos, pos + len AS till FROM careplus.log_unreadable',
    '',
  ),
  'what was reached': without('write arrivals'),
  'what no longer waits': without('drop reached pending'),
  'what waits from now on': without('keep pending'),
  'a block that is whole again': without('drop repaired'),
  'a block that is whole only in part': change('find repaired', ' HAVING sum(z.part) = z.len', ''),
  'repeats of an entry': without('count repeats'),
  'the newest verdict': change('renew', ' OR k.newer = 1', ''),
  'the newest verdict of a batch': change('judge', 's.rules_version DESC', 's.rules_version'),
  'the copies of an entry with a new verdict': change(
    'renew',
    'CASE WHEN k.copies IS NULL THEN 0 ELSE k.copies END +',
    '0 +',
  ),
  'the old verdict': without('drop renewed'),
  'what is no entry': change('judge', " WHERE s.kind = 'E'", ''),
};

/** What breaks the exclusion of loaders, whatever they load. */
export const loaderMutations: Readonly<Record<string, Mutation>> = {
  'the fence': change('fence', ' AND token = ', ' AND taken_at IS NOT NULL OR token = '),
  'the lock': without('lock'),
};
