import { describe, expect, it } from 'vitest';
import { readTmdl, TmdlError } from '../../../../../dashboards/power-bi/checks/tmdl-reader.ts';

/** Lines with tabs written as `→`. */
const tmdl = (text: string) => text.replaceAll('→', '\t');

describe('readTmdl', () => {
  it('reads objects, properties and descriptions', () => {
    const [table, annotation] = readTmdl(
      tmdl(`/// One row
/// a ticket.
table 'Log Entries'
→lineageTag: a:b

→measure 'Agent''s Share' = DIVIDE(1, 2)
→→formatString: 0.0 %

→column Agent
→→isHidden

annotation Version = 3
`),
    );
    expect(table).toMatchObject({
      kind: 'table',
      name: 'Log Entries',
      line: 3,
      description: 'One row a ticket.',
      value: undefined,
      properties: new Map([['lineageTag', 'a:b']]),
      children: [
        {
          kind: 'measure',
          name: "Agent's Share",
          value: 'DIVIDE(1, 2)',
          description: '',
          properties: new Map([['formatString', '0.0 %']]),
        },
        { kind: 'column', name: 'Agent', properties: new Map([['isHidden', 'true']]) },
      ],
    });
    expect(annotation).toMatchObject({ kind: 'annotation', name: 'Version', value: '3' });
  });

  it('reads an expression two tabs deeper, with its own depth and blank lines', () => {
    const [partition] = readTmdl(
      tmdl('partition T = m\n→source =\n→→→let\n→→→    A = 1\n\n→→→→in\n→mode: directQuery\n'),
    );
    expect(partition?.value).toBe('m');
    expect(partition?.properties.get('source')).toBe('let\n    A = 1\n\n\tin');
    expect(partition?.properties.get('mode')).toBe('directQuery');
  });

  it('reads an expression between fences word for word', () => {
    const [measure] = readTmdl(
      tmdl('measure M = ```\n→→SUM(T[a])\n→→→+ 1\n→→```\n→formatString: 0\n'),
    );
    expect(measure?.value).toBe('SUM(T[a])\n\t+ 1');
    expect(measure?.properties.get('formatString')).toBe('0');
  });

  it('reads names without an object of their own, and files with CRLF', () => {
    expect(readTmdl("ref table 'Log Entries'\r\nref table Tickets\r\n")).toMatchObject([
      { kind: 'ref table', name: 'Log Entries' },
      { kind: 'ref table', name: 'Tickets' },
    ]);
  });

  it('reads what Power BI Desktop adds when it saves', () => {
    const [model, ref, culture] = readTmdl(
      tmdl(`model Model
→culture: en-US
→dataAccessOptions
→→legacyRedirects
→→returnErrorValuesAsNull

ref cultureInfo en-US

cultureInfo en-US

→linguisticMetadata =
→→→{
→→→  "Version": "1.0.0"
→→→}
→→contentType: json
`),
    );
    expect(model?.children[0]?.properties.get('returnErrorValuesAsNull')).toBe('true');
    expect(ref).toMatchObject({ kind: 'ref cultureInfo', name: 'en-US' });
    expect(culture?.children[0]).toMatchObject({
      value: '{\n  "Version": "1.0.0"\n}',
      properties: new Map([['contentType', 'json']]),
    });
  });

  it.each([
    ['spaces for tabs', 'table T\n    lineageTag: x', 2, /spaces/],
    ['one tab too many', 'table T\n→→lineageTag: x', 2, /too deeply/],
    ['a property of nothing', 'lineageTag: x', 1, /nothing/],
    ['a property twice', 'table T\n→lineageTag: x\n→lineageTag: y', 3, /twice/],
    ['a description of a property', 'table T\n→/// x\n→lineageTag: x', 3, /objects are described/],
    ['a description of nothing', '/// x\n\ntable T', 2, /line below/],
    ['no expression where one must be', 'table T\n→measure M =\n→→formatString: 0', 2, /missing/],
    ['an open fence', 'measure M = ```\n→→1', 1, /not closed/],
    ['a comment of another language', 'table T\n→// no', 2, /neither/],
    ['a name without quotes', 'table T\n→measure A B = 1', 2, /neither/],
  ])('refuses %s', (_what, text, line, reason) => {
    const read = () => readTmdl(tmdl(text));
    expect(read).toThrow(TmdlError);
    expect(read).toThrow(new RegExp(`^line ${line}: .*${reason.source}`));
  });
});
