/** The report out of its PBIR files: pages, visuals and the fields that they name. */
import { z } from 'zod';
import { filesBelow, REPORT, type Finding, type ProjectFiles } from './project-files.ts';

export const REPORT_DEFINITION = `${REPORT}/definition`;

const position = z.looseObject({
  x: z.number(),
  y: z.number(),
  width: z.number(),
  height: z.number(),
  tabOrder: z.number().optional(),
});
export type Position = z.infer<typeof position>;

const formatting = z.record(
  z.string(),
  z.array(z.looseObject({ properties: z.record(z.string(), z.unknown()) })),
);
export type Formatting = z.infer<typeof formatting>;

const projection = z.looseObject({
  field: z.unknown(),
  queryRef: z.string(),
  nativeQueryRef: z.string().optional(),
  active: z.boolean().optional(),
});

const visualFile = z.looseObject({
  name: z.string(),
  position,
  visual: z.looseObject({
    visualType: z.string(),
    query: z
      .looseObject({
        queryState: z.record(z.string(), z.looseObject({ projections: z.array(projection) })),
        sortDefinition: z
          .looseObject({
            sort: z.array(z.looseObject({ field: z.unknown(), direction: z.string() })),
          })
          .optional(),
      })
      .optional(),
    objects: formatting.optional(),
    visualContainerObjects: formatting.optional(),
  }),
});

const pageFile = z.looseObject({
  name: z.string(),
  displayName: z.string(),
  width: z.number(),
  height: z.number(),
  objects: formatting.optional(),
});

const pagesFile = z.looseObject({ pageOrder: z.array(z.string()), activePageName: z.string() });

const mobileFile = z.looseObject({ position, objects: formatting.optional() });

const resource = z.looseObject({ name: z.string(), path: z.string(), type: z.string() });

const reportFile = z.looseObject({
  themeCollection: z.looseObject({
    customTheme: z.looseObject({ name: z.string(), type: z.string() }),
  }),
  resourcePackages: z.array(
    z.looseObject({ name: z.string(), type: z.string(), items: z.array(resource) }),
  ),
});

export interface Visual {
  readonly file: string;
  readonly folder: string;
  readonly content: z.infer<typeof visualFile>;
  /** On the phone; a visual without is not shown there. */
  readonly phone: z.infer<typeof mobileFile> | undefined;
}

export interface Page {
  readonly file: string;
  readonly folder: string;
  readonly content: z.infer<typeof pageFile>;
  readonly visuals: readonly Visual[];
}

export interface Report {
  readonly pages: readonly Page[];
  readonly order: z.infer<typeof pagesFile> | undefined;
  readonly settings: z.infer<typeof reportFile> | undefined;
}

/** Reads all report files; one that is not what it should be is a finding and is left out. */
export function readReport(files: ProjectFiles): {
  readonly report: Report;
  readonly findings: readonly Finding[];
} {
  const findings: Finding[] = [];
  const read = <T>(file: string, schema: z.ZodType<T>): T | undefined => {
    const text = files.get(file);
    if (text === undefined) {
      findings.push({ file, problem: 'the file is missing' });
      return undefined;
    }
    const json = parseJson(text);
    if (json === undefined) {
      findings.push({ file, problem: 'no JSON' });
      return undefined;
    }
    const parsed = schema.safeParse(json);
    if (!parsed.success) findings.push({ file, problem: z.prettifyError(parsed.error) });
    return parsed.data;
  };
  const pagesFolder = `${REPORT_DEFINITION}/pages`;
  const folders = (below: string, name: string) =>
    filesBelow(files, `${below}/`, `/${name}`).map((file) => file.slice(0, -name.length - 1));
  const pages = folders(pagesFolder, 'page.json').flatMap((folder): Page[] => {
    const file = `${folder}/page.json`;
    const content = read(file, pageFile);
    if (content === undefined) return [];
    const visuals = folders(`${folder}/visuals`, 'visual.json').flatMap(
      (visualFolder): Visual[] => {
        const visual = read(`${visualFolder}/visual.json`, visualFile);
        if (visual === undefined) return [];
        const mobile = `${visualFolder}/mobile.json`;
        return [
          {
            file: `${visualFolder}/visual.json`,
            folder: lastPart(visualFolder),
            content: visual,
            phone: files.has(mobile) ? read(mobile, mobileFile) : undefined,
          },
        ];
      },
    );
    return [{ file, folder: lastPart(folder), content, visuals }];
  });
  return {
    report: {
      pages,
      order: read(`${pagesFolder}/pages.json`, pagesFile),
      settings: read(`${REPORT_DEFINITION}/report.json`, reportFile),
    },
    findings,
  };
}

function lastPart(folder: string): string {
  return folder.slice(folder.lastIndexOf('/') + 1);
}

/** @returns undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface FieldReference {
  readonly kind: 'Column' | 'Measure';
  readonly table: string;
  readonly name: string;
}

const sourceRef = z.union([z.object({ Entity: z.string() }), z.object({ Source: z.string() })]);

const fieldExpression = z.object({
  Expression: z.object({ SourceRef: sourceRef }),
  Property: z.string(),
});

const alias = z.object({ Name: z.string(), Entity: z.string() });

/** Every column and measure that is named anywhere in a JSON document, filters and sorts included. */
export function fieldReferences(document: unknown): FieldReference[] {
  const parts = partsOf(document);
  const aliases = new Map(
    parts.flatMap((part) => {
      const parsed = 'Entity' in part ? alias.safeParse(part) : undefined;
      return parsed?.success === true ? [[parsed.data.Name, parsed.data.Entity] as const] : [];
    }),
  );
  return parts.flatMap((part) =>
    (['Column', 'Measure'] as const).flatMap((kind): FieldReference[] => {
      const parsed = kind in part ? fieldExpression.safeParse(part[kind]) : undefined;
      if (parsed?.success !== true) return [];
      const { Expression, Property: name } = parsed.data;
      const { SourceRef: source } = Expression;
      const table = 'Entity' in source ? source.Entity : aliases.get(source.Source);
      return [{ kind, table: table ?? '', name }];
    }),
  );
}

type Part = Readonly<Record<string, unknown>>;

/** The value itself and every object in it, each before what it holds. */
export function partsOf(value: unknown): readonly Part[] {
  const parts: Part[] = [];
  const visit = (each: unknown) => {
    if (typeof each !== 'object' || each === null) return;
    parts.push(each as Part);
    for (const inner of Object.values(each)) visit(inner);
  };
  visit(value);
  return parts;
}

/** The text of a literal such as `'Tickets'`, if the property is one. */
export function literalText(property: unknown): string | undefined {
  const parsed = literal.safeParse(property);
  return parsed.success ? parsed.data.expr.Literal.Value : undefined;
}

const literal = z.object({ expr: z.object({ Literal: z.object({ Value: z.string() }) }) });
