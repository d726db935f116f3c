/** Text of an element, or its child elements; undefined leaves the element out. */
export type XmlContent = string | number | boolean | undefined | readonly string[];

const S3_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** Renders one element. Children are elements rendered before. */
export function element(name: string, content: XmlContent): string {
  if (content === undefined) return '';
  const inner = typeof content === 'object' ? content.join('') : escapeXml(String(content));
  return `<${name}>${inner}</${name}>`;
}

/** Renders a whole document of the S3 namespace. */
export function xmlDocument(name: string, children: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="${S3_NAMESPACE}">${children.join('')}</${name}>`;
}

/** Control characters become references, though XML 1.0 has no place for most: so does S3. */
function escapeXml(text: string): string {
  return text.replace(
    /[&<>"\p{Cc}]/gu,
    (char) => namedReferences[char] ?? `&#x${char.charCodeAt(0).toString(16)};`,
  );
}

const namedReferences: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** An element of a request body. Attributes are not kept: S3's requests have none but xmlns. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const TOKEN = /<\?[^]*?\?>|<!--[^]*?-->|<(\/?)([A-Za-z_][\w.:-]*)(?:\s+[^<>]*?)?(\/?)>|([^<]+)/y;

interface OpenElement {
  name: string;
  text: string;
  children: XmlElement[];
}

/**
 * Reads a small XML document: elements, text and character references; no doctype, no CDATA.
 *
 * @returns the root element, or undefined where the text is not well-formed.
 */
export function parseXml(source: string): XmlElement | undefined {
  const root: OpenElement = { name: '', text: '', children: [] };
  const open: OpenElement[] = [root];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    const match = TOKEN.exec(source);
    const current = open.at(-1);
    if (match === null || current === undefined) return undefined;
    const [, closing, name, selfClosing, text] = match;
    if (text !== undefined) {
      const unescaped = unescapeXml(text);
      if (unescaped === undefined) return undefined;
      current.text += unescaped;
    } else if (name !== undefined && closing === '/') {
      open.pop();
      if (current.name !== name) return undefined;
      open.at(-1)?.children.push(current);
    } else if (name !== undefined) {
      const child: OpenElement = { name, text: '', children: [] };
      if (selfClosing === '/') current.children.push(child);
      else open.push(child);
    }
  }
  const isOneElement = open.length === 1 && root.children.length === 1 && root.text.trim() === '';
  return isOneElement ? root.children[0] : undefined;
}

/** @returns the text of the first child of that name, or undefined. */
export function childText(parent: XmlElement, name: string): string | undefined {
  return parent.children.find((child) => child.name === name)?.text;
}

const namedEntities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

const REFERENCE = /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));|&/gi;

/** @returns undefined where a reference is none. */
function unescapeXml(text: string): string | undefined {
  const broken: string[] = [];
  const plain = text.replace(REFERENCE, (whole, hex?: string, decimal?: string, name?: string) => {
    const char = name === undefined ? charOfCode(hex, decimal) : namedEntities[name];
    if (char === undefined) broken.push(whole);
    return char ?? '';
  });
  return broken.length === 0 ? plain : undefined;
}

function charOfCode(hex: string | undefined, decimal: string | undefined): string | undefined {
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
