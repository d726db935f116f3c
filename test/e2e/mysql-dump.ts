import { ticketColumns } from '../../infra/local/demo-data/ticket-table.ts';
import type { TicketRow } from '../../infra/local/demo-data/tickets.ts';

const quote = (value: string | null) =>
  value === null ? 'NULL' : `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

/** A dump of these tickets as MySQL 8's mysqldump writes it. */
export function mysqlDump(database: string, rows: readonly TicketRow[]): string {
  const columns = ticketColumns.map((name) => `  \`${name}\` text`).join(',\n');
  const values = rows
    .map((row) => `(${ticketColumns.map((column) => quote(row[column])).join(',')})`)
    .join(',');
  return `-- MySQL dump 10.13  Distrib 8.0.33, for Linux (x86_64)
CREATE DATABASE  IF NOT EXISTS \`${database}\` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci */ /*!80016 DEFAULT ENCRYPTION='N' */;
USE \`${database}\`;
/*!50503 SET NAMES utf8mb4 */;
/*!40103 SET TIME_ZONE='+00:00' */;
DROP TABLE IF EXISTS \`support_tickets\`;
CREATE TABLE \`support_tickets\` (
${columns}
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
LOCK TABLES \`support_tickets\` WRITE;
/*!40000 ALTER TABLE \`support_tickets\` DISABLE KEYS */;
INSERT INTO \`support_tickets\` VALUES ${values};
/*!40000 ALTER TABLE \`support_tickets\` ENABLE KEYS */;
UNLOCK TABLES;
-- Dump completed
`;
}
