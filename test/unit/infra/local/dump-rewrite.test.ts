import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DumpRewriter } from '../../../../infra/local/dump-rewrite.ts';

function rewrite(dump: string, cuts: readonly number[] = []): { text: string; notes: string[] } {
  const bytes = Buffer.from(dump);
  const rewriter = new DumpRewriter();
  const parts: Buffer[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    parts.push(rewriter.push(bytes.subarray(from, cut)));
    from = cut;
  }
  parts.push(rewriter.end());
  return { text: Buffer.concat(parts).toString('utf8'), notes: rewriter.notes };
}

/** Everything that hides the end of a statement, and everything that is rewritten. */
const tricky = `-- MySQL dump; it's not a statement
CREATE DATABASE IF NOT EXISTS \`shop\` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci */ /*!80016 DEFAULT ENCRYPTION='N' */;
USE \`shop\`;
/*!50503 SET NAMES utf8 */;
SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN;
SET @@SESSION.SQL_LOG_BIN= 0;
SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'aa-1:1-5,
bb-2:1-7';
/* a ; comment ' with " quotes */
CREATE TABLE \`a;b\` (
  \`t\` text COLLATE utf8mb4_0900_as_cs COMMENT 'says utf8mb4_0900_ai_ci; and it''s kept', # utf8mb4_0900_bin
  \`u\` varchar(9) COLLATE='utf8mb4_0900_bin'
) COLLATE=utf8mb4_0900_ai_ci;
INSERT INTO \`a;b\` VALUES ('utf8mb4_0900_ai_ci; \\'DEFINER=\`x\`@\`y\`\\\\','--;'),("SET SQL_LOG_BIN=0;",'ü €😀');
insert into t values (1--1, 'x');
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=\`root\`@\`localhost\`*/ /*!50003 TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a = ';;'; SET @b = 1; END */;;
DELIMITER ;
CREATE ALGORITHM=UNDEFINED DEFINER='app'@'%' SQL SECURITY DEFINER VIEW v AS SELECT 'DEFINER=a@b' COLLATE utf8mb4_de_pb_0900_ai_ci;
-- Dump completed`;

const rewritten = `-- MySQL dump; it's not a statement
CREATE DATABASE IF NOT EXISTS \`shop\` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_nopad_ai_ci */ /*!80016 DEFAULT ENCRYPTION='N' */;
USE \`shop\`;
/*!50503 SET NAMES utf8mb4 */;
SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN;



/* a ; comment ' with " quotes */
CREATE TABLE \`a;b\` (
  \`t\` text COLLATE utf8mb4_uca1400_nopad_as_cs COMMENT 'says utf8mb4_0900_ai_ci; and it''s kept', # utf8mb4_0900_bin
  \`u\` varchar(9) COLLATE='utf8mb4_nopad_bin'
) COLLATE=utf8mb4_uca1400_nopad_ai_ci;
INSERT INTO \`a;b\` VALUES ('utf8mb4_0900_ai_ci; \\'DEFINER=\`x\`@\`y\`\\\\','--;'),("SET SQL_LOG_BIN=0;",'ü €😀');
insert into t values (1--1, 'x');
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 */ /*!50003 TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a = ';;'; SET @b = 1; END */;;
DELIMITER ;
CREATE ALGORITHM=UNDEFINED  SQL SECURITY DEFINER VIEW v AS SELECT 'DEFINER=a@b' COLLATE utf8mb4_uca1400_nopad_ai_ci;
-- Dump completed`;

describe('DumpRewriter', () => {
  it('rewrites code, keeps literals, comments, rows and line numbers', () => {
    expect(rewrite(tricky).text).toBe(rewritten);
  });

  it('gives the same whatever the chunks', () => {
    const length = Buffer.byteLength(tricky);
    expect(rewrite(tricky, [...Array(length).keys()]).text).toBe(rewritten);
    for (let cut = 1; cut < length; cut++) {
      expect(rewrite(tricky, [cut]).text, `cut at byte ${cut}`).toBe(rewritten);
    }
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(length), { maxLength: 30 }), (cuts) => {
        expect(
          rewrite(
            tricky,
            cuts.sort((a, b) => a - b),
          ).text,
        ).toBe(rewritten);
      }),
      { numRuns: 50 },
    );
  });

  it('says what it changed', () => {
    expect(rewrite(tricky).notes).toEqual([
      expect.stringMatching(/utf8mb4_0900_ai_ci by utf8mb4_uca1400_nopad_ai_ci \(2 times\)/),
      expect.stringMatching(/left out SET SQL_LOG_BIN: .*binlog/),
      expect.stringMatching(/left out SET GTID_PURGED/),
      expect.stringMatching(/utf8mb4_0900_as_cs by utf8mb4_uca1400_nopad_as_cs/),
      expect.stringMatching(/utf8mb4_0900_bin by utf8mb4_nopad_bin/),
      expect.stringMatching(/DEFINER.*\(2 times\)/),
      expect.stringMatching(/utf8mb4_de_pb_0900_ai_ci .*without the rules of its language/),
    ]);
  });

  it('passes a dump of MariaDB through byte for byte, invalid UTF-8 included', () => {
    const bytes = Buffer.concat([
      Buffer.from("SET NAMES utf8mb4;\nINSERT INTO t VALUES (_binary '"),
      Buffer.from([0xff, 0x00, 0xc3, 0x28, 0x5c, 0x27, 0x80]),
      Buffer.from("');\n"),
    ]);
    const rewriter = new DumpRewriter();
    expect(Buffer.concat([rewriter.push(bytes), rewriter.end()])).toEqual(bytes);
    expect(rewriter.notes).toEqual([]);
  });

  it('hands rows on before their statement ends', () => {
    const rewriter = new DumpRewriter();
    const rows = `INSERT INTO t VALUES ${"('0123456789'),".repeat(1000)}`;
    expect(rewriter.push(Buffer.from(rows)).length).toBeGreaterThan(rows.length - 100);
  });

  it('tells the databases in the order of their last mention', () => {
    const rewriter = new DumpRewriter();
    rewriter.push(Buffer.from('USE a; CREATE DATABASE IF NOT EXISTS `ü b`; use c; USE `ü b`;'));
    rewriter.end();
    expect(rewriter.databases).toEqual(['a', 'c', 'ü b']);
  });

  it.each(['USE mysql;', 'CREATE DATABASE /*!32312 IF NOT EXISTS*/ `MySQL`;', 'USE `sys`;'])(
    'refuses a system database: %s',
    (statement) => {
      expect(() => rewrite(`${statement}\nDROP TABLE user;\n`)).toThrow(
        expect.objectContaining({ code: 'CFG_9007' }),
      );
    },
  );

  it('gives up a literal without an end at once, however long it is', () => {
    for (const quote of [`'`, '"']) {
      const dump = `CREATE TABLE t (a int COMMENT ${quote}${'no end; '.repeat(10_000)}`;
      expect(rewrite(dump)).toEqual({ text: dump, notes: [] });
    }
  });

  it('keeps a statement that the end of the file cuts short', () => {
    for (const dump of [
      "INSERT INTO t VALUES ('a",
      'CREATE TABLE t (a text',
      'DELIMITER ;;',
      '--',
    ]) {
      expect(rewrite(dump).text).toBe(dump);
    }
  });
});
