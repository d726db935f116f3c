import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  compileRowLine,
  ParquetConverter,
} from '../../../infra/local/aws-endpoint/firehose/parquet-converter.ts';
import type { AnyDataset } from '../../../schemas/datasets/any-dataset.ts';
import { glueTable, processedPrefix } from '../../../schemas/lake-layout.ts';
import type { LakeRow } from '../warehouse-database.ts';

/** Makes the objects that Firehose would: Parquet by the Glue table, the rows in random order. */
export interface ObjectWriter extends AsyncDisposable {
  parquet(rows: readonly LakeRow[], seed: number): Promise<Uint8Array>;
}

export async function openObjectWriter(dataset: AnyDataset): Promise<ObjectWriter> {
  const folder = mkdtempSync(path.join(tmpdir(), 'careplus-objects-'));
  const converter = await ParquetConverter.open(folder);
  const { columns } = glueTable(dataset);
  const line = compileRowLine(columns);
  const rowsFile = path.join(folder, 'rows.jsonl');
  const parquetFile = path.join(folder, 'rows.parquet');
  const valuesOf = (row: LakeRow) =>
    columns.map(({ name }) => (row[name] == null ? null : String(row[name])));
  return {
    async parquet(rows, seed) {
      await writeFile(rowsFile, rows.map((row, index) => line(index, valuesOf(row))).join('\n'));
      await converter.convert(rowsFile, columns, 'snappy', seed, parquetFile);
      return readFile(parquetFile);
    },
    async [Symbol.asyncDispose]() {
      await converter.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The key that Firehose gives an object: by the arrival of its oldest record, then at random. */
export function objectKey(dataset: AnyDataset, arrivedAt: number, name: string): string {
  const iso = new Date(arrivedAt).toISOString();
  const stamp = iso.slice(0, 19).replaceAll(/[T:]/g, '-');
  const folder = `${processedPrefix(dataset)}dt=${iso.slice(0, 10)}/hour=${iso.slice(11, 13)}`;
  return `${folder}/${dataset.stream}-1-${stamp}-${name}.parquet`;
}
