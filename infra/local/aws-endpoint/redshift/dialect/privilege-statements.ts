import type { TokenCursor } from './token-cursor.ts';

const tablePrivileges = new Set(['select', 'insert', 'update', 'delete', 'references']);
const schemaPrivileges = new Set(['usage', 'create']);
const databasePrivileges = new Set(['create', 'temporary', 'temp', 'usage']);

/** GRANT and REVOKE on tables, schemas and databases (r_GRANT, r_REVOKE). */
export function privilegeStatement(cursor: TokenCursor, verb: 'grant' | 'revoke'): void {
  cursor.statement = verb.toUpperCase();
  cursor.expectWord(verb);
  const privileges: string[] = [];
  if (cursor.takeWord('all')) cursor.takeWord('privileges');
  else cursor.items(() => privileges.push(privilege(cursor)));
  cursor.expectWord('on');
  const allowed = privilegeTarget(cursor);
  const wrong = privileges.find((name) => !allowed.has(name));
  if (wrong !== undefined) cursor.refuse(`no privilege ${wrong} on it (r_GRANT)`);
  cursor.expectWord(verb === 'grant' ? 'to' : 'from');
  receivers(cursor);
}

function receivers(cursor: TokenCursor): void {
  cursor.items(() => {
    if (cursor.takeWord('public')) return;
    if (!cursor.takeWord('group') && cursor.isWord('role')) {
      cursor.refuse('roles', 'local-endpoint');
    }
    cursor.name('a user or group');
  });
}

function privilege(cursor: TokenCursor): string {
  const all = new Set([...tablePrivileges, ...schemaPrivileges, ...databasePrivileges]);
  return cursor.takeAnyWord(all) ?? cursor.refuse('privilege', 'local-endpoint');
}

function privilegeTarget(cursor: TokenCursor): ReadonlySet<string> {
  if (cursor.takeWord('schema')) {
    cursor.items(() => cursor.name('a schema name'));
    return schemaPrivileges;
  }
  if (cursor.takeWord('database')) {
    cursor.items(() => cursor.name('a database name'));
    return databasePrivileges;
  }
  if (cursor.takeWord('all', 'tables', 'in', 'schema')) {
    cursor.items(() => cursor.name('a schema name'));
    return tablePrivileges;
  }
  cursor.takeWord('table');
  cursor.items(() => cursor.qualifiedName('a table name'));
  return tablePrivileges;
}

/** ALTER DEFAULT PRIVILEGES [FOR USER …] [IN SCHEMA …] GRANT | REVOKE … ON TABLES (r_ALTER_DEFAULT_PRIVILEGES). */
export function defaultPrivilegesStatement(cursor: TokenCursor): void {
  cursor.statement = 'ALTER DEFAULT PRIVILEGES';
  cursor.expectWord('alter', 'default', 'privileges');
  if (cursor.takeWord('for', 'user')) cursor.items(() => cursor.name('a user'));
  if (cursor.takeWord('in', 'schema')) cursor.items(() => cursor.name('a schema name'));
  const granting = cursor.takeWord('grant');
  if (!granting) cursor.expectWord('revoke');
  if (cursor.takeWord('all')) cursor.takeWord('privileges');
  else {
    cursor.items(() => {
      if (cursor.takeAnyWord(tablePrivileges) === undefined) {
        cursor.refuse('privilege', 'local-endpoint');
      }
    });
  }
  cursor.expectWord('on');
  if (!cursor.takeWord('tables')) cursor.refuse('other than TABLES', 'local-endpoint');
  cursor.expectWord(granting ? 'to' : 'from');
  receivers(cursor);
}

/** CREATE USER with a password and CREATE GROUP (r_CREATE_USER, r_CREATE_GROUP). */
export function createPrincipal(cursor: TokenCursor): void {
  cursor.expectWord('create');
  if (cursor.takeWord('group')) {
    cursor.statement = 'CREATE GROUP';
    cursor.name('a group name');
    return;
  }
  cursor.statement = 'CREATE USER';
  cursor.expectWord('user');
  cursor.name('a user name');
  cursor.takeWord('with');
  cursor.expectWord('password');
  if (cursor.takeWord('disable')) cursor.replace(cursor.position - 1, cursor.position, 'NULL');
  else cursor.expectString('the password');
  if (cursor.takeWord('in', 'group')) cursor.items(() => cursor.name('a group name'));
}

/**
 * ALTER USER name with its limits and settings (r_ALTER_USER). A session's timeout stays with the
 * local server: PostgreSQL has none for a user.
 */
export function alterUserStatement(cursor: TokenCursor): void {
  cursor.statement = 'ALTER USER';
  cursor.expectWord('alter', 'user');
  cursor.name('a user name');
  if (cursor.takeWord('set')) {
    cursor.name('a setting');
    if (!cursor.takeWord('to')) cursor.expectOperator('=');
    if (!cursor.takeWord('default')) cursor.expectNumber('a number');
    return;
  }
  cursor.takeWord('with');
  let options = 0;
  for (; ; options += 1) {
    const from = cursor.position;
    if (cursor.takeWord('connection', 'limit')) {
      if (cursor.takeWord('unlimited')) cursor.replace(cursor.position - 1, cursor.position, '-1');
      else cursor.expectNumber('a number of connections');
    } else if (cursor.takeWord('session', 'timeout')) {
      const seconds = cursor.expectNumber('a number of seconds');
      if (seconds < 60 || seconds > 1_728_000) {
        cursor.refuse('a session timeout is 60 to 1,728,000 seconds', undefined, -1);
      }
      cursor.replace(from, cursor.position, '');
    } else break;
  }
  if (options === 0) cursor.refuse('other change than a limit or a setting', 'local-endpoint');
}
