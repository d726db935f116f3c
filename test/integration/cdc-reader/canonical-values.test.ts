import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TableImages } from './binlog-images.ts';
import { startSource, type Source } from './servers.ts';
import { expectCancelled, mariadbColumns } from './typed-columns.ts';

let source: Source;
beforeAll(async () => {
  source = await startSource();
});
afterAll(() => source.stop());

describe('the canonical text of a value', () => {
  it('is the same from a snapshot, an insert and a delete, for every type', async () => {
    await expectCancelled(source, mariadbColumns);
  });

  it('is the same in a table with a primary key that is updated', async () => {
    await source.sql(
      "CREATE TABLE keyed (id INT UNSIGNED PRIMARY KEY, at DATETIME(3), cost DECIMAL(8,2), kind ENUM('a','b'))",
    );
    await source.sql(
      "INSERT INTO keyed VALUES (1, '2025-02-28 23:59:59.1239', 1.5, 'a'), (4294967295, NULL, -0.005, 'b')",
    );
    const table = new TableImages(source, 'keyed', ['id', 'at', 'cost', 'kind']);
    const { images, gtidSet } = await table.snapshot();
    expect(images).toEqual([
      '{"id":"1","at":"2025-02-28 23:59:59.123","cost":"1.50","kind":"a"}',
      '{"id":"4294967295","at":null,"cost":"-0.01","kind":"b"}',
    ]);
    await source.sql("UPDATE keyed SET kind = 'b', id = 2 WHERE id = 1; DELETE FROM keyed");
    const { added, removed } = await table.stream(gtidSet);
    expect([...images, ...added].sort()).toEqual(removed.sort());
  });

  it('is the server’s own for every code of every single-byte character set', async () => {
    const charsets = await source.rows(
      "SELECT CHARACTER_SET_NAME AS name FROM information_schema.CHARACTER_SETS WHERE MAXLEN = 1 AND CHARACTER_SET_NAME <> 'binary'",
    );
    expect(charsets.length).toBeGreaterThan(20);
    const names = charsets.map(({ name }) => String(name));
    const definitions = names.map((name) => `${name} VARCHAR(1) CHARACTER SET ${name}`);
    await source.sql(`CREATE TABLE codes (code INT, ${definitions.join(', ')})`);
    const table = new TableImages(source, 'codes', names);
    const { gtidSet } = await table.snapshot();
    const codes = Array.from({ length: 256 }, (_, code) => {
      const hex = code.toString(16).padStart(2, '0');
      return `(${[code, ...names.map((name) => `_${name} X'${hex}'`)].join(', ')})`;
    });
    await source.sql(`INSERT IGNORE INTO codes VALUES ${codes.join(', ')}`);
    const { images } = await table.snapshot();
    const { added } = await table.stream(gtidSet);
    expect(added).toEqual(images);
    expect(added).toHaveLength(256);
  });
});
