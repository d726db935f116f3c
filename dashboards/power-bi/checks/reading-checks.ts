/** Checks that a person reads off a visual what it shows: whole figures, what is nothing, and its own name. */
import type { Measure } from '../../../schemas/measures.ts';
import type { Finding } from './project-files.ts';
import {
  fieldReferences,
  literalText,
  partsOf,
  type Page,
  type Report,
  type Visual,
} from './report.ts';
import type { SemanticModel } from './semantic-model.ts';

/** In points. */
const SMALLEST_FONT = 8;

/** @param catalogue tells which measures are nothing, and not 0, when there is nothing to divide by. */
export function checkReading(
  { pages }: Report,
  model: SemanticModel,
  catalogue: readonly Pick<Measure, 'title' | 'sql'>[],
): Finding[] {
  const names = pages.map(({ content }) => content.displayName);
  const counts = new Set(catalogue.filter(isCount).map(({ title }) => title));
  return [
    ...pages
      .filter(({ content }, index) => names.indexOf(content.displayName) < index)
      .map(({ file, content }) => ({ file, problem: `${content.displayName} is there twice` })),
    ...pages.flatMap((page) => [
      ...checkTitle(page),
      ...page.visuals.flatMap((visual) =>
        [
          ...cardProblems(visual, counts),
          ...labelProblems(visual),
          ...slicerProblems(visual, model),
          ...fieldProblems(visual),
        ].map((problem) => ({ file: visual.file, problem })),
      ),
    ]),
  ];
}

const isCount = ({ sql }: Pick<Measure, 'sql'>) =>
  sql.denominator === undefined && /^(COUNT|SUM)/.test(sql.numerator);

/** The text above a page is its name. */
function checkTitle({ content, visuals }: Page): Finding[] {
  return visuals
    .filter(({ content: { visual } }) => visual.visualType === 'textbox')
    .flatMap(({ file, content: { visual } }) => {
      const runs = partsOf(visual.objects).filter((part) => typeof part['value'] === 'string');
      const text = runs.map(({ value }) => value).join('');
      const sizes = partsOf(runs).flatMap(({ fontSize }) =>
        typeof fontSize === 'string' ? [Number.parseFloat(fontSize)] : [],
      );
      return [
        ...(text === content.displayName
          ? []
          : [{ file, problem: `says ${text} on the page ${content.displayName}` }]),
        ...(sizes.every((size) => size >= SMALLEST_FONT)
          ? []
          : [{ file, problem: 'cannot be read: too small' }]),
      ];
    });
}

/** Cards round to thousands by themselves, and show the word (Blank) for a count of nothing. */
function cardProblems({ content: { visual } }: Visual, counts: ReadonlySet<string>): string[] {
  if (visual.visualType !== 'cardVisual') return [];
  const values = visual.objects?.['value'] ?? [];
  const said = (selector: object, property: string) =>
    literalText(
      values.find((each) => JSON.stringify(each['selector']) === JSON.stringify(selector))
        ?.properties[property],
    );
  const whole = { id: 'default' };
  const shownTiles = literalText(visual.objects?.['layout']?.[0]?.properties['maxTiles']);
  const tiles = visual.query?.queryState['Data']?.projections.length ?? 0;
  const hidden = tiles > Number.parseInt(shownTiles ?? '0', 10);
  const figures = (visual.query?.queryState['Data']?.projections ?? []).flatMap(
    ({ field, queryRef }) => {
      const [reference] = fieldReferences(field);
      const isTime = reference?.table === 'Freshness';
      const blank = counts.has(reference?.name ?? '') ? "'0'" : "'–'";
      const shown = said({ metadata: queryRef }, 'showBlankAs') ?? said(whole, 'showBlankAs');
      return [
        ...(isTime || said(whole, 'labelDisplayUnits') === '1D'
          ? []
          : ['cards must show whole figures: value.labelDisplayUnits 1D']),
        ...(shown === blank ? [] : [`${queryRef} of nothing must be shown as ${blank}`]),
      ];
    },
  );
  return hidden ? [...figures, `layout.maxTiles hides some of ${tiles} figures`] : figures;
}

/** Labels of bars and columns round to thousands, too. */
function labelProblems({ content: { visual } }: Visual): string[] {
  return (visual.objects?.['labels'] ?? []).flatMap(({ properties }) =>
    literalText(properties['show']) === 'true' &&
    literalText(properties['labelDisplayUnits']) !== '1D'
      ? ['labels must show whole figures: labels.labelDisplayUnits 1D']
      : [],
  );
}

/** A span is chosen of days only; and a slicer names what it chooses. */
function slicerProblems({ content: { visual } }: Visual, { tables }: SemanticModel): string[] {
  if (visual.visualType !== 'slicer') return [];
  const [projection] = visual.query?.queryState['Values']?.projections ?? [];
  const [reference] = fieldReferences(projection?.field);
  const column = tables
    .find(({ name }) => name === reference?.table)
    ?.columns.find(({ name }) => name === reference?.name);
  const property = (object: string, name: string) =>
    literalText(visual.objects?.[object]?.[0]?.properties[name]);
  const isSpan = property('data', 'mode') === "'Between'";
  const header = property('header', 'text')?.slice(1, -1) ?? '';
  const named = header.split(' ')[0]?.toLowerCase() ?? '';
  return [
    ...(isSpan === (column?.dataType === 'dateTime')
      ? []
      : ['mode must be Between for a day, and for a day only']),
    ...(named !== '' && reference?.name.toLowerCase().includes(named) === true
      ? []
      : [`is headed ${header} and chooses ${reference?.name ?? 'nothing'}`]),
  ];
}

/** Desktop draws no axis for a field that is not active; formatting of a field that is gone is lost. */
function fieldProblems({ content: { visual } }: Visual): string[] {
  const roles = Object.entries(visual.query?.queryState ?? {});
  const shown = new Set(roles.flatMap(([, { projections }]) => projections.map((p) => p.queryRef)));
  const isAxis = (role: string) =>
    role === 'Category' || (role === 'Values' && visual.visualType === 'slicer');
  const selected = Object.values(visual.objects ?? {})
    .flat()
    .flatMap(({ selector }) => {
      const metadata = (selector as { readonly metadata?: unknown } | undefined)?.metadata;
      return typeof metadata === 'string' ? [metadata] : [];
    });
  return [
    ...roles
      .filter(([role, { projections }]) => isAxis(role) && projections[0]?.active !== true)
      .map(([role]) => `the first field of ${role} must be active`),
    ...selected.filter((each) => !shown.has(each)).map((each) => `formats ${each}, not shown here`),
  ];
}
