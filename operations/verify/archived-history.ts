import type { DataApi } from '../../runtime/redshift/data-api.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { imageId, keyHash } from '../../schemas/image-identity.ts';
import type { DifferenceList } from './differences.ts';
import { archivedRowsSql, archivedSumsSql, frozenColumns } from './evidence-statements.ts';
import {
  checksumOf,
  differingPieces,
  piecesOfRow,
  type ComparedColumn,
  type Piece,
} from './judged-columns.ts';
import { judgedImage } from './judged-row.ts';
import type { ArchivedImage } from './raw-history.ts';
import { judgeImage } from './source-reading.ts';
import type { WarehouseScope } from './warehouse-statements.ts';

/** Images that are compared by one statement. */
const CHUNK = 5_000;
const NAMED = 100;

/**
 * Compares the whole history with what the archive holds of its images: old ones have no other
 * witness. Memory holds one object of the archive.
 *
 * @returns how many images were compared, and how many rows are wrong.
 */
export async function checkArchivedHistory(
  scope: WarehouseScope,
  archived: AsyncIterable<readonly ArchivedImage[]>,
  context: {
    readonly api: DataApi;
    readonly signal: AbortSignal;
    readonly differences: DifferenceList;
  },
): Promise<{ readonly compared: number; readonly wrong: number }> {
  let [compared, wrong, named] = [0, 0, 0];
  for await (const images of archived) {
    for (const [epoch, ofEpoch] of Map.groupBy(images, (image) => image.epoch)) {
      const ordered = ofEpoch.toSorted((a, b) => a.seq - b.seq);
      for (let at = 0; at < ordered.length; at += CHUNK) {
        const chunk = ordered.slice(at, at + CHUNK);
        const unlike = await unlikeIn(scope, epoch, chunk, context);
        compared += chunk.length;
        wrong += unlike.length;
        const told = unlike.slice(0, Math.max(0, NAMED - named));
        named += told.length;
        await nameRows(scope, epoch, told, context);
      }
    }
  }
  return { compared, wrong };
}

type Sides = [Record<string, Piece>, Record<string, Piece>];

interface Expected {
  readonly seq: number;
  readonly frozen: readonly Piece[];
  readonly judged: readonly Piece[];
  readonly isJudgedNow: boolean;
}

async function unlikeIn(
  scope: WarehouseScope,
  epoch: number,
  chunk: readonly ArchivedImage[],
  { api, signal }: { readonly api: DataApi; readonly signal: AbortSignal },
): Promise<Expected[]> {
  const { dataset } = scope;
  const [from, to] = [chunk[0]?.seq ?? 0, chunk.at(-1)?.seq ?? 0];
  const { rows } = await api.query(archivedSumsSql(scope, epoch, { from, to }), { signal });
  const held = new Map(rows.map((row) => [Number(row['seq']), row]));
  const columns = { frozen: frozenColumns(dataset), judged: judgedImage(dataset).columns };
  return chunk.flatMap((image) => {
    const row = held.get(image.seq);
    // What is not there yet, could not be read or was erased is another check's matter.
    if (!row) return [];
    const expected = expectedOf(dataset, image);
    const isJudgedNow = Number(row['rules_version']) === dataset.rulesVersion;
    const isLike =
      row['frozen'] === checksumOf(columns.frozen, expected.frozen) &&
      (!isJudgedNow || row['judged'] === checksumOf(columns.judged, expected.judged));
    return isLike ? [] : [{ seq: image.seq, ...expected, isJudgedNow }];
  });
}

function expectedOf(
  dataset: TableDataset,
  { kind, raw, gtid, committedMs }: ArchivedImage,
): Pick<Expected, 'frozen' | 'judged'> {
  const id = imageId(dataset.mapping.map(({ field }) => raw[field] ?? null));
  const image = judgeImage(dataset, raw);
  const hash = keyHash(raw[dataset.keyField] ?? null, id);
  return {
    frozen: [kind, hash, id, String(image.rank), image.day, gtid, String(committedMs)],
    judged: judgedImage(dataset).piecesOf(image),
  };
}

async function nameRows(
  scope: WarehouseScope,
  epoch: number,
  unlike: readonly Expected[],
  context: Parameters<typeof checkArchivedHistory>[2],
): Promise<void> {
  if (unlike.length === 0) return;
  const { api, signal, differences } = context;
  const { dataset, source } = scope;
  const seqs = unlike.map(({ seq }) => seq);
  const { rows } = await api.query(archivedRowsSql(scope, epoch, seqs), { signal });
  const held = new Map(rows.map((row) => [Number(row['seq']), row]));
  const [frozen, { columns: judged }] = [frozenColumns(dataset), judgedImage(dataset)];
  for (const { seq, isJudgedNow, ...expected } of unlike) {
    const row = held.get(seq);
    const unlikeOf = (columns: readonly ComparedColumn[], wanted: readonly Piece[]) =>
      row && differingPieces(columns, wanted, piecesOfRow(columns, row));
    const sides = [
      unlikeOf(frozen, expected.frozen),
      isJudgedNow ? unlikeOf(judged, expected.judged) : undefined,
    ].filter((side) => side !== undefined);
    const side = (index: 0 | 1) => Object.assign({}, ...sides.map((each) => each[index])) as object;
    const differing = sides.length === 0 ? undefined : ([side(0), side(1)] as Sides);
    const [was, is] = differing ?? [null, null];
    differences.add({
      ...{ kind: 'changed-column', table: `careplus.${dataset.entity}_changes` },
      ...{ key: String(row?.[dataset.keyField] ?? `seq ${seq}`), expected: was, found: is },
      event: `${source}:${epoch}:${seq}`,
    });
  }
}
