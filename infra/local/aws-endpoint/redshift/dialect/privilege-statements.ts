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
