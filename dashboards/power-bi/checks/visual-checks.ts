/**
 * Checks of visuals against Microsoft's own catalogue of visual types: what JSON schemas let pass
 * (a type, a role or a property that does not exist) shows as an empty tile.
 */
import {
  getCapabilities,
  getVcoCapabilities,
  type ObjectDescriptor,
  type VcoCatalogEntry,
  type VcoPropertyType,
  type PropertyTypeDescriptor,
} from '@microsoft/powerbi-core-visual-schema';
import {
  fieldReferences,
  literalText,
  type Formatting,
  type Report,
  type Visual,
} from './report.ts';
import type { Finding } from './project-files.ts';

export function checkVisuals({ pages }: Report): Finding[] {
  return pages.flatMap(({ visuals }) => visuals.flatMap(checkVisual));
}

function checkVisual({ file, phone, content: { visual } }: Visual): Finding[] {
  const { visualType, query, objects, visualContainerObjects } = visual;
  const capabilities = getCapabilities(visualType);
  if (capabilities === undefined) return [{ file, problem: `unknown visual type ${visualType}` }];
  const roles = new Map((capabilities.dataRoles ?? []).map((role) => [role.name, role]));
  const problems: string[] = [];
  for (const [name, { projections }] of Object.entries(query?.queryState ?? {})) {
    const role = roles.get(name);
    if (role === undefined) {
      problems.push(`${visualType} has no role ${name}`);
      continue;
    }
    for (const { field } of projections) {
      const kind = fieldReferences(field)[0]?.kind;
      const wanted = { Grouping: 'Column', Measure: 'Measure', GroupingOrMeasure: kind }[role.kind];
      if (kind !== wanted) problems.push(`role ${name} takes a ${wanted ?? 'field'}`);
    }
    if (role.maxPerRole !== undefined && projections.length > role.maxPerRole) {
      problems.push(`role ${name} takes ${role.maxPerRole} at most`);
    }
  }
  const shown = Object.values(query?.queryState ?? {}).map(({ projections }) => projections);
  if (roles.size > 0 && (shown.length === 0 || shown.some((each) => each.length === 0))) {
    problems.push('a visual of data with nothing to show');
  }
  const fields = shown.flat().map(({ queryRef }) => queryRef);
  if (new Set(fields).size < fields.length) problems.push('a field twice');
  return [
    ...problems.map((problem) => ({ file, problem })),
    ...checkFormatting(file, objects, (name) => capabilities.objects?.[name]),
    ...checkFormatting(file, phone?.objects, (name) => capabilities.objects?.[name]),
    ...checkFormatting(file, visualContainerObjects, getVcoCapabilities),
  ];
}

function checkFormatting(
  file: string,
  formatting: Formatting | undefined,
  catalogue: (name: string) => ObjectDescriptor | VcoCatalogEntry | undefined,
): Finding[] {
  return Object.entries(formatting ?? {}).flatMap(([name, entries]) => {
    const known = catalogue(name)?.properties;
    if (known === undefined) return [{ file, problem: `no formatting object ${name}` }];
    return entries.flatMap(({ properties }) =>
      Object.entries(properties).flatMap(([property, value]) => {
        const descriptor = known[property];
        if (descriptor === undefined) {
          return [{ file, problem: `${name} has no property ${property}` }];
        }
        const text = literalText(value);
        return text === undefined || fits(text, descriptor.type)
          ? []
          : [{ file, problem: `${name}.${property} may not be ${text}` }];
      }),
    );
  });
}

/** Whether a literal is of the property's type, where the catalogue says so plainly. */
function fits(
  literal: string,
  type: PropertyTypeDescriptor | VcoPropertyType | undefined,
): boolean {
  if (type?.bool === true) return literal === 'true' || literal === 'false';
  if (type?.numeric === true || type?.integer === true) return /^-?\d+(\.\d+)?[DL]$/.test(literal);
  const { enumeration } = type ?? {};
  const members = Array.isArray(enumeration) ? enumeration : enumeration?.allMembers;
  if (members === undefined || members.length === 0) return true;
  return members.some(({ value }) =>
    typeof value === 'number'
      ? literal === `${value}D` || literal === `${value}L`
      : literal === `'${value}'`,
  );
}
