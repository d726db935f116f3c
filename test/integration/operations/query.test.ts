import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DuckDBInstance } from '@duckdb/node-api';
import { stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../../operations/command-line.ts';
import type { RawImage } from '../../../schemas/datasets/dataset.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { imageRowColumns } from '../../../schemas/image-row.ts';
import { imageRows } from '../../../stream-processors/tables/image-rows.ts';
import { ticket } from '../../unit/operations/verify/readings.ts';
import { startLocalWarehouse, type LocalWarehouse } from '../dashboard/local-warehouse.ts';
import { loadImages, SOURCE } from './loaded-warehouse.ts';

let warehouse: LocalWarehouse;

describe('careplus query', () => {
  let folder = '';
  let config = '';
  beforeAll(async () => {
    warehouse = await startLocalWarehouse();
    folder = mkdtempSync(path.join(tmpdir(), 'careplus-query-'));
    config = path.join(folder, 'careplus.yaml');
    writeFileSync(
      config,
      stringify({
        version: 1,
        kafka: { brokers: ['127.0.0.1:9'] },
        source: { name: 'test', host: '127.0.0.1', user: 'nobody' },
        datasets: { 'support-tickets': { database: 'care', table: 'tickets' } },
        aws: { region: 'us-east-1', endpoint: warehouse.url, bucket: 'lake' },
        warehouse: {
          workgroup: 'careplus',
          database: 'careplus',
          copyRoleArn: 'arn:aws:iam::000000000000:role/copy',
        },
      }),
    );
    const resolved = { resolved_at: '2025-07-02 09:00:00', status: 'Resolved' };
    await loadImages(warehouse.database, [
      { kind: '+', raw: ticket(), gtid: null },
      { kind: '+', raw: ticket(), gtid: null },
      { kind: '+', raw: ticket({ ticket_id: 'T2', ...resolved }), gtid: null },
    ]);
  });
  afterAll(async () => {
    await warehouse.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function query(...args: string[]) {
    let stdout = '';
    let stderr = '';
    const code = await runCommandLine(['query', '--config', config, ...args], {
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
    });
    return { code, stdout, stderr };
  }

  const sql = 'SELECT ticket_id, copies, resolved_at FROM careplus.tickets ORDER BY ticket_id';

  it('writes one object a line', async () => {
    const { code, stdout, stderr } = await query('--json', sql);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { ticket_id: 'T1', copies: 2, resolved_at: null },
      { ticket_id: 'T2', copies: 1, resolved_at: '2025-07-02 09:00:00' },
    ]);
  });

  it('writes a table for a person', async () => {
    const { stdout } = await query(sql);
    expect(stdout.split('\n')).toEqual([
      'ticket_id  copies  resolved_at',
      '---------  ------  -------------------',
      'T1              2',
      'T2              1  2025-07-02 09:00:00',
      '(2 rows)',
      '',
    ]);
  });

  it('tells the warehouse’s refusal with its code', async () => {
    const { code, stdout } = await query('--json', 'SELECT nothing FROM careplus.tickets');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'WH_5001' } });
  });

  describe('over the lake', () => {
    const client = () => new S3Client({ region: 'us-east-1', endpoint: warehouse.url });

    async function putParquet(key: string, select: string): Promise<void> {
      const file = path.join(folder, 'object.parquet');
      const instance = await DuckDBInstance.create();
      const connection = await instance.connect();
      await connection.run(`COPY (${select}) TO '${file}' (FORMAT parquet)`);
      connection.closeSync();
      const s3 = client();
      await s3.send(new PutObjectCommand({ Bucket: 'lake', Key: key, Body: await readFile(file) }));
      s3.destroy();
    }

    /** All columns of the lake, NULL but for those that are given. */
    function imageRow(values: Record<string, string>): string {
      const types = { string: 'VARCHAR', int: 'INTEGER', bigint: 'BIGINT' };
      const columns = imageRowColumns(supportTickets).map(
        ({ name, glueType }) => `CAST(${values[name] ?? 'NULL'} AS ${types[glueType]}) AS ${name}`,
      );
      return `SELECT ${columns.join(', ')}`;
    }

    beforeAll(async () => {
      const s3 = client();
      await s3.send(new CreateBucketCommand({ Bucket: 'lake' }));
      s3.destroy();
    });

    const count =
      'SELECT COUNT(*) AS n, MAX(seq) AS top, MAX(agent) AS agent FROM support_ticket_images';

    it('is an empty table before the first object', async () => {
      const { code, stdout } = await query('--lake', '--json', count);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({ n: 0, top: null, agent: null });
    });

    it('reads all objects of the prefix, partitions aside', async () => {
      const prefix = 'support-tickets/processed/dt=2025-07-01/hour=1';
      await putParquet(`${prefix}0/a.parquet`, imageRow({ seq: '1', agent: "'Ann'" }));
      await putParquet(`${prefix}1/b.parquet`, imageRow({ seq: '9007199254740993' }));
      const { code, stdout, stderr } = await query('--lake', '--json', count);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      // Beyond what a JSON number holds exactly it is a text.
      expect(JSON.parse(stdout)).toEqual({ n: 2, top: '9007199254740993', agent: 'Ann' });
    });

    it('adds the images up to the tickets that count', async () => {
      const numbered = (seq: number, kind: string, raw: RawImage | null, epoch = 7): string => {
        const numbers = { source: SOURCE, epoch, seq, transactionEnd: true, images: 1 } as const;
        const op = kind === '-' ? 'd' : kind === 'E' ? 'e' : kind === 'T' ? 't' : 'c';
        const images = kind === '-' ? { before: raw, after: null } : { before: null, after: raw };
        const evidence = { partition: 0, offset: seq, gtid: null, committedMs: 0, readAtMs: 0 };
        const [row = {}] = imageRows(supportTickets, { ...numbers, op }, images, evidence);
        const literals = Object.entries(row)
          .filter(([, value]) => value !== null)
          .map(([name, value]) => [name, `'${String(value)}'`]);
        return imageRow(Object.fromEntries(literals) as Record<string, string>);
      };
      const closed = ticket({ resolved_at: '2025-07-02 09:00:00', status: 'Resolved' });
      const faulty = ticket({ ticket_id: 'T2', status: 'Gone' });
      const other = ticket({ ticket_id: 'T3' });
      const rows = [
        numbered(1, '+', other),
        numbered(2, 'T', null),
        numbered(3, '+', ticket()),
        numbered(4, '+', ticket()),
        numbered(5, 'E', null),
        numbered(6, '-', ticket()),
        numbered(7, '+', closed),
        numbered(7, '+', closed),
        numbered(8, '+', faulty),
        // An epoch without its end, and one from before.
        numbered(1, '+', other, 9),
        numbered(1, '+', other, 5),
        numbered(2, 'E', null, 5),
      ];
      await putParquet(
        'support-tickets/processed/dt=2025-07-02/c.parquet',
        rows.join(' UNION ALL '),
      );
      const { stdout } = await query(
        '--lake',
        '--json',
        'SELECT ticket_id, resolved_at, priority, copies FROM support_tickets',
      );
      expect(
        stdout
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown),
      ).toEqual([
        { ticket_id: 'T1', resolved_at: '2025-07-02 09:00:00', priority: 'High', copies: 1 },
      ]);
    });

    it.each([
      ['reads another file', "SELECT * FROM read_text('/etc/hostname')"],
      ['writes one', "COPY (SELECT 1) TO '/tmp/careplus-query-wrote.csv'"],
      ['opens another database', "ATTACH '/tmp/careplus-query-wrote.db'"],
      ['lifts these limits', 'SET enable_external_access = true'],
    ])('%s by no SQL', async (_, sql) => {
      const { code, stderr } = await query('--lake', sql);
      expect(code, stderr).not.toBe(0);
      expect(existsSync('/tmp/careplus-query-wrote.csv')).toBe(false);
    });

    it('tells what DuckDB does not understand', async () => {
      const { code, stdout } = await query('--lake', '--json', 'SELEC 1');
      expect(code).toBe(1);
      expect(stdout).toContain('SELEC');
    });
  });
});
