import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { afterEach, describe, expect, test } from 'vitest';
import { createDataApi, type DataApi } from '../../../../runtime/redshift/data-api.ts';
import { StatementFailedError } from '../../../../runtime/redshift/data-api-errors.ts';

interface Call {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What a scripted server does with a call: answer, refuse, or cut the connection. */
type Reply =
  | { readonly body: object }
  | { readonly error: string; readonly message?: string; readonly status?: number }
  | { readonly text: string }
  | 'reset';

const open: { close(): void }[] = [];

afterEach(() => {
  for (const part of open.splice(0)) part.close();
});

/** A Data API that answers as the script says, behind the unchanged SDK. */
async function scripted(
  script: (call: Call, calls: readonly Call[]) => Reply,
  options: { readonly giveUpMs?: number } = {},
): Promise<{ readonly api: DataApi; readonly calls: Call[] }> {
  const calls: Call[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
      const call = { operation, input: JSON.parse(body) as Record<string, unknown> };
      calls.push(call);
      const reply = script(call, calls);
      if (reply === 'reset') {
        request.socket.destroy();
        return;
      }
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      if ('text' in reply) response.end(reply.text);
      else if ('body' in reply) response.end(JSON.stringify(reply.body));
      else {
        response.statusCode = reply.status ?? 400;
        response.end(JSON.stringify({ __type: reply.error, message: reply.message ?? '' }));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new RedshiftDataClient({
    region: 'eu-central-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  open.push({
    close: () => {
      client.destroy();
      server.close();
      server.closeAllConnections();
    },
  });
  const target = { workgroupName: 'careplus', database: 'careplus' };
  return { api: createDataApi({ client, target, backoffMs: 1, ...options }), calls };
}

const batch = { name: 'load-ticket-b1', statements: ['LOCK TABLE t', 'SELECT 1'], token: 'b1-0' };
const finished = { body: { Id: 'id-1', Status: 'FINISHED', HasResultSet: false } };
const started = { body: { Id: 'id-1', Status: 'STARTED' } };

describe('runBatch', () => {
  test('submits name, token and target, and needs no Describe when the long poll saw the end', async () => {
    const { api, calls } = await scripted(() => finished);
    expect(await api.runBatch(batch)).toEqual({ id: 'id-1' });
    expect(calls.map((call) => call.operation)).toEqual(['BatchExecuteStatement']);
    expect(calls[0]?.input).toMatchObject({
      Sqls: batch.statements,
      StatementName: batch.name,
      ClientToken: batch.token,
      WorkgroupName: 'careplus',
      Database: 'careplus',
    });
  });

  test('polls until the end', async () => {
    const { api, calls } = await scripted((call, all) =>
      call.operation === 'DescribeStatement' && all.length > 3 ? finished : started,
    );
    await api.runBatch(batch);
    expect(calls.map((call) => call.operation)).toEqual([
      'BatchExecuteStatement',
      'DescribeStatement',
      'DescribeStatement',
      'DescribeStatement',
    ]);
  });

  test('sends the same token again when the reply was lost', async () => {
    const { api, calls } = await scripted((_, all) => (all.length === 1 ? 'reset' : finished));
    await api.runBatch(batch);
    expect(calls.map((call) => call.input['ClientToken'])).toEqual(['b1-0', 'b1-0']);
  });

  test.each<[string, Reply]>([
    ['throttling', { error: 'ThrottlingException' }],
    [
      'throttling of the workgroup that comes as a refusal',
      {
        error: 'ValidationException',
        message: 'Service returned error code ThrottlingException (Service: RedshiftServerless)',
      },
    ],
    ['too many statements', { error: 'ActiveStatementsExceededException' }],
    ['too many long polls', { error: 'ActiveWaitingRequestsExceededException' }],
    ['a server fault', { error: 'InternalServerException', status: 500 }],
    ['a lost database connection', { error: 'DatabaseConnectionException', status: 500 }],
    ['a page of HTML', { text: '<html>502 Bad Gateway</html>' }],
  ])('goes on after %s', async (_, refusal) => {
    const { api, calls } = await scripted((__, all) => (all.length <= 2 ? refusal : finished));
    await expect(api.runBatch(batch)).resolves.toEqual({ id: 'id-1' });
    expect(new Set(calls.map((call) => call.input['ClientToken'])).size).toBe(1);
  });

  test('a passing failure while polling does not end the wait', async () => {
    const { api } = await scripted((call, all) => {
      if (call.operation === 'BatchExecuteStatement') return started;
      return all.length === 2 ? { error: 'ThrottlingException' } : finished;
    });
    await expect(api.runBatch(batch)).resolves.toEqual({ id: 'id-1' });
  });

  test.each(['ValidationException', 'AccessDeniedException', 'ResourceNotFoundException'])(
    'stops at %s, which is no retryable WH_5003',
    async (error) => {
      const { api, calls } = await scripted(() => ({ error, message: 'no' }));
      await expect(api.runBatch(batch)).rejects.toMatchObject({
        code: 'WH_5003',
        retryable: false,
      });
      expect(calls).toHaveLength(1);
    },
  );

  test('gives up after its time with a retryable WH_5003', async () => {
    const { api } = await scripted(() => 'reset', { giveUpMs: 20 });
    await expect(api.runBatch(batch)).rejects.toMatchObject({ code: 'WH_5003', retryable: true });
  });

  test('a failed batch names the statement and the server’s text, and is not retryable', async () => {
    const { api } = await scripted(() => ({
      body: {
        Id: 'id-1',
        Status: 'FAILED',
        Error: 'batch failed',
        SubStatements: [
          { Id: 'id-1:1', Status: 'FINISHED', QueryString: 'LOCK TABLE t' },
          {
            Id: 'id-1:2',
            Status: 'FAILED',
            QueryString: 'SELECT 1',
            Error: 'ERROR: division by zero',
          },
        ],
      },
    }));
    const error = await api.runBatch(batch).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StatementFailedError);
    expect(error).toMatchObject({
      code: 'WH_5001',
      retryable: false,
      isDivisionByZero: true,
      failed: { index: 1, sql: 'SELECT 1', text: 'ERROR: division by zero', status: 'FAILED' },
    });
  });

  test.each([
    'ERROR: 1023 DETAIL: Serializable isolation violation on table',
    'ERROR: could not serialize access due to concurrent update',
    "ERROR: Query (12) cancelled on user's request",
    'connection was reset',
    'ERROR: S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown',
    'ERROR: Disk Full Detail: code: 1016',
  ])('what passes by itself asks for a new attempt: %s', async (text) => {
    const { api } = await scripted(() => ({ body: { Id: 'i', Status: 'FAILED', Error: text } }));
    await expect(api.runBatch(batch)).rejects.toMatchObject({ code: 'WH_5001', retryable: true });
  });

  test.each([
    'ERROR: value too long for type character varying(64)',
    'code: 15007',
    'Table: 64, Data: 1023 (s3://lake/tickets-1-2026-10-23-ab12-1023-9f.parquet)',
    'syntax error',
  ])('what would fail again is not retryable: %s', async (text) => {
    const { api } = await scripted(() => ({ body: { Id: 'i', Status: 'FAILED', Error: text } }));
    await expect(api.runBatch(batch)).rejects.toMatchObject({ retryable: false });
  });

  test('a statement that the API forgot asks for a new attempt', async () => {
    const { api } = await scripted((call) =>
      call.operation === 'DescribeStatement' ? { error: 'ResourceNotFoundException' } : started,
    );
    await expect(api.runBatch(batch)).rejects.toMatchObject({
      code: 'WH_5001',
      retryable: true,
      failed: { status: 'LOST' },
    });
  });

  test('an abort ends the waiting', async () => {
    const stop = new AbortController();
    const { api } = await scripted((call) => {
      if (call.operation === 'DescribeStatement') stop.abort();
      return started;
    });
    await expect(api.runBatch(batch, { signal: stop.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

describe('query', () => {
  const columns = [
    { name: 'n', label: 'n', typeName: 'int8' },
    { name: 't', label: 't', typeName: 'varchar' },
    { name: 'd', label: 'd', typeName: 'float8' },
    { name: 'b', label: 'b', typeName: 'bool' },
  ];

  test('reads every page, with types', async () => {
    const { api, calls } = await scripted((call) => {
      if (call.operation === 'ExecuteStatement') {
        return { body: { Id: 'q', Status: 'FINISHED', HasResultSet: true } };
      }
      return call.input['NextToken'] === 'p2'
        ? {
            body: {
              ColumnMetadata: columns,
              Records: [
                [{ isNull: true }, { stringValue: '' }, { isNull: true }, { isNull: true }],
              ],
            },
          }
        : {
            body: {
              ColumnMetadata: columns,
              NextToken: 'p2',
              Records: [
                [
                  { longValue: 5 },
                  { stringValue: 's' },
                  { doubleValue: 1.5 },
                  { booleanValue: false },
                ],
              ],
            },
          };
    });
    const result = await api.query('SELECT n, t, d, b FROM t');
    expect(result.columns).toEqual(columns.map(({ name, typeName }) => ({ name, typeName })));
    expect(result.rows).toEqual([
      { n: 5, t: 's', d: 1.5, b: false },
      { n: null, t: '', d: null, b: null },
    ]);
    expect(calls.map((call) => call.operation)).toEqual([
      'ExecuteStatement',
      'GetStatementResult',
      'GetStatementResult',
    ]);
  });

  test('a statement without rows gives none', async () => {
    const { api } = await scripted(() => finished);
    expect(await api.query('CREATE SCHEMA s')).toEqual({ columns: [], rows: [] });
  });

  test('a failure carries the server’s text', async () => {
    const { api } = await scripted(() => ({
      body: { Id: 'q', Status: 'FAILED', Error: 'ERROR: relation "x" does not exist' },
    }));
    await expect(api.query('SELECT 1 FROM x')).rejects.toMatchObject({
      code: 'WH_5001',
      message: 'query failed: ERROR: relation "x" does not exist',
    });
  });
});

test('running lists every unfinished statement of the name', async () => {
  const { api, calls } = await scripted((call) => ({
    body:
      call.input['Status'] === 'STARTED' && call.input['NextToken'] === undefined
        ? { Statements: [{ Id: 'a' }], NextToken: 'p2' }
        : { Statements: call.input['Status'] === 'STARTED' ? [{ Id: 'b' }] : [] },
  }));
  expect(await api.running('load-ticket-')).toEqual(['a', 'b']);
  expect(calls[0]?.input).toMatchObject({ StatementName: 'load-ticket-', RoleLevel: true });
});
