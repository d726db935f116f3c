import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  childText,
  element,
  parseXml,
  xmlDocument,
} from '../../../../../../infra/local/aws-endpoint/s3/xml.ts';

describe('parseXml', () => {
  it('reads the request of a client: declaration, attributes, empty elements, references', () => {
    const root = parseXml(
      '<?xml version="1.0" encoding="UTF-8"?>\n<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
        '<Quiet/><Object><Key>a&amp;b&#x2F;&#99;</Key></Object></Delete>',
    );
    expect(root?.name).toBe('Delete');
    expect(root?.children.map(({ name }) => name)).toEqual(['Quiet', 'Object']);
    expect(root?.children.map((child) => childText(child, 'Key'))).toEqual([undefined, 'a&b/c']);
  });

  it('reads back every text that was rendered', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const root = parseXml(xmlDocument('Root', [element('Key', text)]));
        expect(root && childText(root, 'Key')).toBe(text);
      }),
    );
  });

  it.each([
    '',
    'text',
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a>&unknown;</a>',
    '<a>&</a>',
    '</a>',
    '<!DOCTYPE a><a/>',
  ])('refuses %s', (source) => {
    expect(parseXml(source)).toBeUndefined();
  });
});
