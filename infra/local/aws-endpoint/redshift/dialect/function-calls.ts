import type { FunctionRule } from './functions.ts';
import { extractParts } from './functions.ts';
import type { Grammar } from './grammar.ts';
import { datePart } from './syntax-functions.ts';

/** Reads a call of a function on the allow-list, its WITHIN GROUP and its window. */
export function functionCall(grammar: Grammar, name: string, rule: FunctionRule): void {
  const { cursor } = grammar;
  const from = cursor.position;
  cursor.next();
  if (rule.postgresName !== undefined) cursor.replace(from, from + 1, rule.postgresName);
  argumentList(grammar, name, rule);
  if (rule.kind === 'aggregate' || rule.kind === 'ordered-set') {
    grammar.blocks.noteAggregate(name);
    grammar.blocks.noteVarying();
  }

  if (rule.kind === 'ordered-set') {
    cursor.expectWord('within', 'group');
    cursor.expectOperator('(');
    cursor.expectWord('order', 'by');
    const items = cursor.position;
    grammar.orderItems('window');
    const order = cursor.text(items, cursor.position).toLowerCase();
    if (!grammar.blocks.sharesOrder(order)) {
      cursor.refuse('two orders in WITHIN GROUP (r_PERCENTILE_CONT)');
    }
    cursor.expectOperator(')');
    if (cursor.isWord('over')) cursor.refuse(`${name} as a window function`, 'local-endpoint');
    return;
  }
  if (cursor.isWord('filter') && cursor.isOperator('(', 1)) {
    cursor.refuse('FILTER clause (r_Aggregate_Functions)');
  }
  if (cursor.isWord('within')) cursor.refuse(`WITHIN GROUP of ${name}`, 'local-endpoint');
  if (cursor.isWord('ignore') || cursor.isWord('respect')) {
    cursor.refuse('IGNORE NULLS and RESPECT NULLS', 'local-endpoint');
  }
  if (cursor.isWord('over')) {
    if (rule.kind === 'scalar') cursor.refuse(`${name} is no window function`);
    window(grammar, name, rule);
  } else if (rule.kind === 'ranking' || rule.kind === 'frame') {
    cursor.refuse(`${name} needs an OVER clause (c_Window_functions)`);
  }
}

function argumentList(grammar: Grammar, name: string, rule: FunctionRule): void {
  const { cursor } = grammar;
  cursor.expectOperator('(');
  if (name === 'count' && cursor.takeOperator('*')) {
    cursor.expectOperator(')');
    return;
  }
  let count = 0;
  if (!cursor.isOperator(')')) {
    if (rule.kind === 'aggregate' && !cursor.takeWord('distinct')) cursor.takeWord('all');
    cursor.items(() => {
      if (count === 0 && rule.takesDatePart) {
        if (name === 'date_part') datePart(cursor, extractParts);
        else datePart(cursor);
      } else grammar.expression();
      count += 1;
    });
    if (cursor.isWord('order')) {
      cursor.refuse('ORDER BY inside of an aggregate (r_Aggregate_Functions)');
    }
  }
  if (count < rule.minArguments || count > rule.maxArguments) {
    cursor.refuse(`wrong number of arguments for ${name}`);
  }
  cursor.expectOperator(')');
}

/** OVER ( … ) as r_Window_function_synopsis has it. */
function window(grammar: Grammar, name: string, rule: FunctionRule): void {
  const { cursor } = grammar;
  grammar.blocks.noteWindow();
  cursor.expectWord('over');
  if (!cursor.isOperator('(')) cursor.refuse('named windows (r_Window_function_synopsis)');
  cursor.expectOperator('(');
  if (cursor.takeWord('partition', 'by')) cursor.items(() => varyingItem(grammar, 'partition by'));
  const ordered = cursor.takeWord('order', 'by');
  if (ordered) grammar.orderItems('window');
  else if (rule.needsOrder) cursor.refuse(`${name} needs an ORDER BY (r_WF_LAG, r_WF_LEAD)`);
  if (cursor.isWord('range') || cursor.isWord('groups')) {
    cursor.refuse('frames count ROWS only (r_Window_function_synopsis)');
  }
  if (cursor.isWord('rows')) {
    if (rule.kind === 'ranking') {
      cursor.refuse(`${name} takes no frame (r_Window_function_synopsis)`);
    }
    if (!ordered) cursor.refuse('a frame needs ORDER BY (r_Window_function_synopsis)');
    frame(grammar);
  } else if (ordered && rule.kind !== 'ranking') {
    cursor.refuse(
      `an aggregate window function with ORDER BY needs a frame (r_Window_function_synopsis)`,
    );
  }
  cursor.expectOperator(')');
}

/** One expression of a window; in the server's words for one that is the same in every row. */
export function varyingItem(grammar: Grammar, clause: 'partition by' | 'order by'): void {
  const before = grammar.blocks.varying;
  grammar.expression();
  if (grammar.blocks.varying === before) {
    grammar.cursor.refuse(
      `constant expressions are not supported in ${clause} clauses (c_Window_functions)`,
      undefined,
      -1,
    );
  }
}

function frame(grammar: Grammar): void {
  const { cursor } = grammar;
  cursor.expectWord('rows');
  if (cursor.takeWord('between')) {
    frameBound(grammar);
    cursor.expectWord('and');
  }
  frameBound(grammar);
}

function frameBound({ cursor }: Grammar): void {
  if (cursor.takeWord('current', 'row')) return;
  if (!cursor.takeWord('unbounded')) cursor.expectNumber('the bound of the frame');
  if (!cursor.takeWord('preceding')) cursor.expectWord('following');
}
