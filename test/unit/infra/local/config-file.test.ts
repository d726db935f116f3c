import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  configFile,
  writeConfigFile,
  type StackAddresses,
} from '../../../../infra/local/config-file.ts';
import { stackPorts } from '../../../../infra/local/ports.ts';
import { loadConfig } from '../../../../runtime/config/load-config.ts';
import { supportTickets } from '../../../../schemas/datasets/support-tickets/index.ts';

let stateDir: string;

beforeEach(() => {
  stateDir = mkdtempSync(path.join(tmpdir(), 'careplus-config-'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const addresses = (): StackAddresses => ({
  stateDir,
  ports: stackPorts(18_400),
  mariadb: {
    admin: { user: 'a', password: 'a', passwordFile: '' },
    reader: { user: 'r', password: 'r', passwordFile: path.join(stateDir, 'reader') },
  },
  postgres: { database: 'careplus', url: 'postgres://127.0.0.1' },
  bi: { url: 'postgres://127.0.0.1' },
  database: 'careplus_support_db',
  datasets: [supportTickets],
  logsDir: stateDir,
});

describe('the configuration of the local stack', () => {
  it('keeps the aliases that somebody wrote into it, over further starts', () => {
    writeConfigFile(addresses());
    const file = configFile(stateDir);
    expect(loadConfig(file).datasets[supportTickets.name]).not.toHaveProperty('aliases');
    const table = `table: ${supportTickets.sourceTable}\n`;
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(table, `${table}    aliases: { status: [state] }\n`));
    for (let start = 0; start < 2; start += 1) writeConfigFile(addresses());
    expect(loadConfig(file).datasets[supportTickets.name]?.aliases).toEqual({ status: ['state'] });
  });

  it('is written anew where it cannot be read', () => {
    writeFileSync(configFile(stateDir), 'version: 0');
    writeConfigFile(addresses());
    expect(loadConfig(configFile(stateDir)).version).toBe(1);
  });
});
