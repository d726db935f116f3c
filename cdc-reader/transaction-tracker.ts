import { PipelineError } from '../runtime/pipeline-error.ts';
import type { ReaderCheckpoint } from '../schemas/checkpoint.ts';
import type { ChangeOp, RowValues } from '../schemas/row-change.ts';
import { xidKey, type BinlogEvent, type BinlogPlace } from './binlog-events.ts';
import type { GtidPosition } from './gtid-position.ts';
import { imagesOf, type ImageNumbering } from './image-numbering.ts';
import { EMPTY_HASH, extendHash } from './rolling-hash.ts';
import { classifyStatement, type CapturedTable } from './statement-classifier.ts';
import type { TableShape } from './table-shape.ts';

/** A change with its place in the source's history. */
export interface NumberedChange {
  readonly op: ChangeOp;
  /** Null for markers, which carry no row. */
  readonly shape: TableShape | null;
  readonly before: RowValues | null;
  readonly after: RowValues | null;
  readonly epoch: number;
  /** Number of its first image. */
  readonly seq: number;
  readonly transactionEnd: boolean;
  readonly gtid: string | null;
  readonly timeMs: number;
  /** Running number of the row in its transaction. */
  readonly row: number | null;
  readonly place: BinlogPlace | null;
}

/** Why the numbering cannot go on and a new snapshot must follow. */
export interface EpochEnd {
  readonly reason: string;
  /** What somebody should be told, beside the new snapshot that repairs it. */
  readonly alarm?: PipelineError;
}

/** A change that has no number yet. */
type PendingChange = Pick<NumberedChange, 'op' | 'shape' | 'before' | 'after' | 'place'>;

interface Group {
  readonly gtid: string;
  readonly timeMs: number;
  begun: boolean;
  /** Changes that wait for XA COMMIT; null in an ordinary transaction. */
  waiting: PendingChange[] | 'too-many' | null;
  rows: number;
  /** Images handed out, and the hash over them; the newest changes are hashed only when asked for. */
  imagesWritten: number;
  hash: string;
  unhashed: NumberedChange[];
}

/** Images that are in the topic already and are only compared. */
interface Skipping {
  readonly until: NonNullable<ReaderCheckpoint['open']>;
  images: number;
  hash: string;
}

/** Changes of prepared XA transactions that are kept; beyond it their commit costs a snapshot. */
const MAX_WAITING = 10_000;

export interface TrackerOptions {
  readonly table: CapturedTable;
  readonly gtids: GtidPosition;
  readonly numbering: ImageNumbering;
  /** From the checkpoint: a transaction of which the first images are in the topic already. */
  readonly open: ReaderCheckpoint['open'];
  readonly mappedHash: string | null;
  readonly sourceTimeMs: number;
}

/**
 * Turns the binlog of one table into numbered changes and knows at each of them the checkpoint
 * that covers it. A function of the checkpoint and the binlog alone: what is read again carries
 * the same numbers.
 *
 * One change is held back until the commit, for it may be the last of its transaction and says so.
 */
export class TransactionTracker {
  readonly #table: CapturedTable;
  readonly #gtids: GtidPosition;
  readonly #numbering: ImageNumbering;
  readonly #prepared = new Map<string, readonly PendingChange[] | 'too-many'>();
  #skipping: Skipping | null;
  #mappedHash: string | null;
  #sourceTimeMs: number;
  #group: Group | null = null;
  #held: NumberedChange | null = null;
  #epochEnd: EpochEnd | null = null;
  #finishedGroups = 0;

  constructor(options: TrackerOptions) {
    this.#table = options.table;
    this.#gtids = options.gtids;
    this.#numbering = options.numbering;
    this.#skipping = options.open && { until: options.open, images: 0, hash: EMPTY_HASH };
    this.#mappedHash = options.mappedHash;
    this.#sourceTimeMs = options.sourceTimeMs;
  }

  /** Set when the epoch cannot go on; nothing may be applied after it. */
  get epochEnd(): EpochEnd | null {
    return this.#epochEnd;
  }

  /** Transactions and single statements of any table that were gone through: the position moved. */
  get finishedGroups(): number {
    return this.#finishedGroups;
  }

  /** Commit time of the newest finished group. */
  get sourceTimeMs(): number {
    return this.#sourceTimeMs;
  }

  /** The part of the checkpoint that belongs to the changes handed out so far. */
  position(): Pick<
    ReaderCheckpoint,
    'gtidSet' | 'open' | 'epoch' | 'nextSeq' | 'shapeHash' | 'sourceTimeMs'
  > {
    return {
      gtidSet: this.#gtids.toString(),
      open: this.#open(),
      epoch: this.#numbering.epoch,
      nextSeq: this.#held?.seq ?? this.#numbering.next,
      shapeHash: this.#mappedHash,
      sourceTimeMs: this.#sourceTimeMs,
    };
  }

  /**
   * @returns the changes that may be written now, in order. {@link position} holds after each.
   * @throws {PipelineError} CDC_1006 if the binlog differs from what was written before.
   */
  *apply(event: BinlogEvent): Generator<NumberedChange, void> {
    switch (event.kind) {
      case 'group':
        // A group without an end of its own ends where the next one begins.
        yield* this.#finish();
        this.#group = {
          gtid: event.gtid,
          timeMs: event.timeMs,
          begun: event.begun,
          waiting: event.prepared ? [] : null,
          rows: 0,
          imagesWritten: 0,
          hash: EMPTY_HASH,
          unhashed: [],
        };
        return;
      case 'rows':
        if (!this.#admitShape(event.shape)) return;
        for (const { before, after } of event.rows) {
          const { op, shape, place } = event;
          yield* this.#add({ op, shape, before, after, place });
        }
        return;
      case 'unreadable-rows':
        this.#endEpoch('rows could not be read', alarm(event.reason));
        return;
      case 'unreadable-shape':
        // Rows that are gone by now, or a table that the snapshot will not read either.
        this.#endEpoch('the columns of its rows could not be read', event.error);
        return;
      case 'statement':
        yield* this.#applyStatement(event);
        return;
      case 'commit':
        yield* this.#finish();
        return;
      case 'xa-prepare':
        yield* this.#prepare(event.xid, event.onePhase);
        return;
      case 'heartbeat':
        return;
    }
  }

  *#applyStatement(event: BinlogEvent & { kind: 'statement' }): Generator<NumberedChange, void> {
    const group = this.#group;
    if (group === null) return;
    const { text, database, place } = event;
    switch (transactionWord(text)) {
      case 'begin':
        group.begun = true;
        return;
      case 'xa-start':
        group.begun = true;
        group.waiting ??= [];
        return;
      case 'commit':
        yield* this.#finish();
        return;
      case 'rollback':
        // Only what was changed in tables without transactions stays, and a group holds either kind.
        if (this.#hasChanges(group)) this.#endEpoch('a transaction in the binlog was rolled back');
        else yield* this.#finish();
        return;
      case 'rollback-to':
        if (this.#hasChanges(group)) this.#endEpoch('a part of a transaction was rolled back');
        return;
      case 'xa-commit':
        yield* this.#commitPrepared(text);
        return;
      case 'xa-rollback':
        this.#prepared.delete(xidOf(text));
        yield* this.#finish();
        return;
      case 'inside':
        return;
      case null:
        break;
    }
    switch (classifyStatement(text, database, this.#table)) {
      case 'none':
        break;
      case 'barrier':
        this.#mappedHash = null;
        yield* this.#add({ op: 't', shape: null, before: null, after: null, place });
        break;
      case 'new-epoch':
        this.#endEpoch(`stored rows may have changed by: ${text.slice(0, 200)}`);
        return;
      case 'rows-as-text':
        this.#endEpoch('rows were changed by a statement', alarm(text.slice(0, 200)));
        return;
    }
    if (!group.begun) yield* this.#finish();
  }

  *#prepare(xid: string, onePhase: boolean): Generator<NumberedChange, void> {
    const waiting = this.#group?.waiting ?? [];
    if (this.#group) this.#group.waiting = null;
    if (onePhase) yield* this.#addPrepared(waiting);
    else this.#prepared.set(xid, waiting);
    if (this.#epochEnd === null) yield* this.#finish();
  }

  *#commitPrepared(text: string): Generator<NumberedChange, void> {
    const xid = xidOf(text);
    yield* this.#addPrepared(this.#prepared.get(xid));
    this.#prepared.delete(xid);
    if (this.#epochEnd === null) yield* this.#finish();
  }

  *#addPrepared(
    changes: readonly PendingChange[] | 'too-many' | undefined,
  ): Generator<NumberedChange, void> {
    if (changes === undefined) {
      this.#endEpoch('XA COMMIT of a transaction that was prepared before the reader started');
    } else if (changes === 'too-many') {
      this.#endEpoch(`XA COMMIT of a transaction with more than ${MAX_WAITING} rows`);
    } else for (const change of changes) yield* this.#add(change);
  }

  /** Numbers a change and hands out the one before it. */
  *#add(change: PendingChange): Generator<NumberedChange, void> {
    const group = this.#group;
    if (group === null) {
      throw new PipelineError('CDC_1006', 'the binlog has a change that belongs to no transaction');
    }
    if (group.waiting !== null) {
      this.#wait(group, change);
      return;
    }
    const row = group.rows;
    group.rows += 1;
    if (this.#skipping) {
      this.#skip(this.#skipping, group, change);
      return;
    }
    const previous = this.#held;
    this.#held = {
      ...change,
      epoch: this.#numbering.epoch,
      seq: this.#numbering.take(change.op),
      // A barrier is a transaction of its own, even where rows follow it (CREATE OR REPLACE … SELECT).
      transactionEnd: change.op === 't',
      gtid: group.gtid,
      timeMs: group.timeMs,
      row,
    };
    if (previous === null) return;
    group.imagesWritten += imagesOf(previous.op);
    group.unhashed.push(previous);
    yield previous;
  }

  *#finish(): Generator<NumberedChange, void> {
    const group = this.#group;
    if (group === null) return;
    if (this.#skipping?.until.gtid === group.gtid) {
      throw differs(group.gtid, 'it ends earlier than before');
    }
    const last = this.#held;
    this.#group = null;
    this.#held = null;
    this.#gtids.add(group.gtid);
    this.#sourceTimeMs = group.timeMs;
    this.#finishedGroups += 1;
    if (last) yield { ...last, transactionEnd: true };
  }

  #wait(group: Group, change: PendingChange): void {
    if (group.waiting === 'too-many' || group.waiting === null) return;
    if (group.waiting.length < MAX_WAITING) group.waiting.push(change);
    else group.waiting = 'too-many';
  }

  #skip(skipping: Skipping, group: Group, change: PendingChange): void {
    const { until } = skipping;
    if (group.gtid !== until.gtid) throw differs(until.gtid, `${group.gtid} comes in its place`);
    skipping.images += imagesOf(change.op);
    skipping.hash = extendHash(skipping.hash, change);
    if (skipping.images < until.imagesWritten) return;
    if (skipping.images > until.imagesWritten || skipping.hash !== until.rollingHash) {
      throw differs(until.gtid, `its first ${until.imagesWritten} images are others than before`);
    }
    group.imagesWritten = skipping.images;
    group.hash = skipping.hash;
    this.#skipping = null;
  }

  #open(): ReaderCheckpoint['open'] {
    if (this.#skipping) return this.#skipping.until;
    const group = this.#group;
    if (group === null || group.imagesWritten === 0) return null;
    for (const change of group.unhashed) group.hash = extendHash(group.hash, change);
    group.unhashed = [];
    return { gtid: group.gtid, imagesWritten: group.imagesWritten, rollingHash: group.hash };
  }

  #admitShape({ mappedHash }: TableShape): boolean {
    if (this.#mappedHash !== null && this.#mappedHash !== mappedHash) {
      this.#endEpoch('name, type or character set of a mapped column changed');
      return false;
    }
    this.#mappedHash = mappedHash;
    return true;
  }

  #hasChanges(group: Group): boolean {
    return group.rows > 0 || (group.waiting !== null && group.waiting.length > 0);
  }

  #endEpoch(reason: string, alarm?: PipelineError): void {
    this.#epochEnd = alarm ? { reason, alarm } : { reason };
  }
}

type TransactionWord =
  | 'begin'
  | 'commit'
  | 'rollback'
  | 'rollback-to'
  | 'inside'
  | 'xa-start'
  | 'xa-commit'
  | 'xa-rollback';

/** The server writes these statements itself, always in the same form. */
function transactionWord(text: string): TransactionWord | null {
  if (text === 'BEGIN') return 'begin';
  if (text === 'COMMIT') return 'commit';
  if (text === 'ROLLBACK') return 'rollback';
  if (text.startsWith('ROLLBACK TO ')) return 'rollback-to';
  if (/^(?:SAVEPOINT |RELEASE SAVEPOINT |XA END )/.test(text)) return 'inside';
  if (/^XA (?:START|BEGIN) /.test(text)) return 'xa-start';
  if (text.startsWith('XA COMMIT ')) return 'xa-commit';
  if (text.startsWith('XA ROLLBACK ')) return 'xa-rollback';
  return null;
}

function xidOf(text: string): string {
  const [, gtrid = '', bqual = '', formatId = ''] =
    /X'([0-9a-f]*)',X'([0-9a-f]*)',(\d+)/i.exec(text) ?? [];
  return xidKey(gtrid, bqual, formatId);
}

function differs(gtid: string, how: string): PipelineError {
  return new PipelineError(
    'CDC_1006',
    `transaction ${gtid} is partly in the topic, but the binlog differs now: ${how}`,
    { context: { gtid } },
  );
}

function alarm(what: string): PipelineError {
  return new PipelineError('CDC_1007', `the binlog does not hold whole rows: ${what}`);
}
