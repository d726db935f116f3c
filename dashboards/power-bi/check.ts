/**
 * Checks the Power BI project as it lies on disk, for whoever has edited it:
 *
 *   node dashboards/power-bi/check.ts [folder of Microsoft's JSON schemas]
 *
 * Prints a line a finding; exits 1 if there is one.
 */
import { readFileSync } from 'node:fs';
import { checkProject } from './checks/check-project.ts';
import { checkSchemas, readSchemaSet } from './checks/json-schemas.ts';
import { readProject } from './checks/project-files.ts';

const files = readProject();
const styleSheet = new URL('../web/page/theme.css', import.meta.url);
const findings = checkProject(files, readFileSync(styleSheet, 'utf8'));
const [, , schemas] = process.argv;
if (schemas !== undefined) findings.push(...checkSchemas(files, readSchemaSet(schemas)).findings);
for (const { file, problem } of findings) console.log(`${file}: ${problem}`);
console.log(`${files.size} files, ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
