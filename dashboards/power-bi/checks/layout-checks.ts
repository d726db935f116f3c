/** Checks of how a page is laid out, on the screen and on the phone, and of who can use it. */
import { literalText, type Page, type Position, type Report, type Visual } from './report.ts';
import type { Finding } from './project-files.ts';

/** Every page is shown in the same frame, as large as the window allows. */
const FRAME = { width: 1280, height: 720, displayOption: 'FitToPage' } as const;

/** Less can neither be read nor touched. */
const SMALLEST_SIDE = 40;

/** Width of Power BI's phone canvas. */
const PHONE_WIDTH = 324;

/** Power BI cuts longer alternative texts. */
const ALT_TEXT_LIMIT = 250;

/** The phone app has a list of pages of its own. */
const notOnPhone = new Set(['pageNavigator']);

/** These name themselves: a header, a text, or the names of the pages. */
const withoutTitle = new Set(['pageNavigator', 'slicer', 'textbox', 'cardVisual']);

export function checkLayout({ pages }: Report): Finding[] {
  return pages.flatMap((page) => [
    ...checkCanvas(page),
    ...checkTabOrder(page),
    ...checkPhone(page),
    ...page.visuals.flatMap(checkTexts),
  ]);
}

function checkCanvas({ file: pageFile, content, visuals }: Page): Finding[] {
  const frame = Object.entries(FRAME).filter(([name, value]) => content[name] !== value);
  return [
    ...frame.map(([name, value]) => ({ file: pageFile, problem: `${name} must be ${value}` })),
    ...visuals.flatMap(({ file, phone, content: { position } }) =>
      [position, ...(phone === undefined ? [] : [phone.position])].some(
        ({ width, height }) => Math.min(width, height) < SMALLEST_SIDE,
      )
        ? [{ file, problem: `smaller than ${SMALLEST_SIDE}` }]
        : [],
    ),
    ...visuals.flatMap(({ file, content: { position: p } }) =>
      p.x >= 0 && p.y >= 0 && p.x + p.width <= content.width && p.y + p.height <= content.height
        ? []
        : [{ file, problem: 'not inside its page' }],
    ),
    ...overlaps(visuals, ({ content: { position } }) => position, 'on the page'),
  ];
}

/** Keyboard and screen reader go through a page as the eye does: from top to bottom, left to right. */
function checkTabOrder({ file, visuals }: Page): Finding[] {
  const phones = visuals.flatMap(({ phone }) => (phone === undefined ? [] : [phone.position]));
  return [
    ...risingOrder(
      file,
      visuals.map(({ content }) => content.position),
    ),
    ...risingOrder(file, phones),
  ];
}

function risingOrder(file: string, positions: readonly Position[]): Finding[] {
  const inReadingOrder = positions.toSorted((a, b) => a.y - b.y || a.x - b.x);
  const orders = inReadingOrder.map(({ tabOrder }) => tabOrder ?? -1);
  const rises = orders.every((order, index) => index === 0 || order > (orders[index - 1] ?? 0));
  return rises && !orders.includes(-1)
    ? []
    : [{ file, problem: 'tabOrder must rise from top to bottom, left to right' }];
}

function checkPhone({ visuals }: Page): Finding[] {
  return [
    ...visuals.flatMap(({ file, phone, content }) => {
      const wanted = !notOnPhone.has(content.visual.visualType);
      if (phone === undefined) {
        return wanted ? [{ file, problem: 'no mobile.json: not on the phone' }] : [];
      }
      if (!wanted) return [{ file, problem: 'does not belong on the phone' }];
      const { x, y, width } = phone.position;
      return x >= 0 && y >= 0 && x + width <= PHONE_WIDTH
        ? []
        : [{ file, problem: `not on the phone's canvas, which is ${PHONE_WIDTH} wide` }];
    }),
    ...overlaps(visuals, ({ phone }) => phone?.position, 'on the phone'),
  ];
}

function overlaps(
  visuals: readonly Visual[],
  place: (visual: Visual) => Position | undefined,
  where: string,
): Finding[] {
  return visuals.flatMap((visual, index) => {
    const own = place(visual);
    if (own === undefined) return [];
    return visuals.slice(index + 1).flatMap((other) => {
      const second = place(other);
      return second !== undefined && intersects(own, second)
        ? [{ file: visual.file, problem: `covers ${other.content.name} ${where}` }]
        : [];
    });
  });
}

function intersects(a: Position, b: Position): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** A figure that cannot be seen is told by its alternative text; one that can, by its title. */
function checkTexts({ file, content: { visual } }: Visual): Finding[] {
  const property = (object: string, name: string) =>
    literalText(visual.visualContainerObjects?.[object]?.[0]?.properties[name]) ?? '';
  const findings: Finding[] = [];
  const altText = property('general', 'altText').length - 2;
  if (altText < 1 || altText > ALT_TEXT_LIMIT) {
    findings.push({ file, problem: `altText of 1 to ${ALT_TEXT_LIMIT} characters is missing` });
  }
  const title = property('title', 'text').length - 2;
  if (!withoutTitle.has(visual.visualType) && (title < 1 || property('title', 'show') !== 'true')) {
    findings.push({ file, problem: 'no title' });
  }
  return findings;
}
