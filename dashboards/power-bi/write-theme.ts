/** Gives the report's theme the colours of the web page: `node dashboards/power-bi/write-theme.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_FOLDER } from './checks/project-files.ts';
import { THEME_FILE, withPageColours } from './checks/theme-checks.ts';

const file = path.join(PROJECT_FOLDER, THEME_FILE);
const styleSheet = new URL('../web/page/theme.css', import.meta.url);
writeFileSync(file, withPageColours(readFileSync(file, 'utf8'), readFileSync(styleSheet, 'utf8')));
