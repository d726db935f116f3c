/** The semantic model out of its TMDL files: what the other checks ask of it. */
import { filesBelow, SEMANTIC_MODEL, type Finding, type ProjectFiles } from './project-files.ts';
import { readTmdl, TmdlError, type TmdlObject } from './tmdl-reader.ts';

/** An object of the model and the file that it stands in. */
interface Placed {
  readonly file: string;
  readonly object: TmdlObject;
}

interface ModelColumn extends Placed {
  readonly name: string;
  /** Column of the view. */
  readonly sourceColumn: string;
  readonly dataType: string;
}

interface ModelMeasure extends Placed {
  readonly name: string;
  readonly dax: string;
  readonly format: string;
}

export interface ModelTable extends Placed {
  readonly name: string;
  readonly columns: readonly ModelColumn[];
  readonly measures: readonly ModelMeasure[];
  readonly partitions: readonly TmdlObject[];
}

export interface SemanticModel {
  /** Every object at column 0 of every file. */
  readonly roots: readonly Placed[];
  readonly tables: readonly ModelTable[];
  /** M expressions by name. */
  readonly parameters: ReadonlyMap<string, string>;
}

export const MODEL_DEFINITION = `${SEMANTIC_MODEL}/definition`;

/** Reads all TMDL files; a file that cannot be read is a finding and leaves its objects out. */
export function readSemanticModel(files: ProjectFiles): {
  readonly model: SemanticModel;
  readonly findings: readonly Finding[];
} {
  const findings: Finding[] = [];
  const roots: Placed[] = [];
  for (const file of filesBelow(files, MODEL_DEFINITION, '.tmdl')) {
    try {
      for (const object of readTmdl(files.get(file) ?? '')) roots.push({ file, object });
    } catch (error) {
      if (!(error instanceof TmdlError)) throw error;
      findings.push({ file, problem: error.message });
    }
  }
  const ofKind = (kind: string) => roots.filter(({ object }) => object.kind === kind);
  return {
    model: {
      roots,
      tables: ofKind('table').map(tableOf),
      parameters: new Map(
        ofKind('expression').map(({ object }) => [object.name, object.value ?? '']),
      ),
    },
    findings,
  };
}

function tableOf({ file, object }: Placed): ModelTable {
  const children = (kind: string) => object.children.filter((child) => child.kind === kind);
  return {
    name: object.name,
    file,
    object,
    columns: children('column').map((column) => ({
      name: column.name,
      file,
      object: column,
      sourceColumn: column.properties.get('sourceColumn') ?? '',
      dataType: column.properties.get('dataType') ?? '',
    })),
    measures: children('measure').map((measure) => ({
      name: measure.name,
      file,
      object: measure,
      dax: measure.value ?? '',
      format: measure.properties.get('formatString') ?? '',
    })),
    partitions: children('partition'),
  };
}

/** The view that a partition of pure navigation shows, if it is one. */
export function viewOf(table: ModelTable): string | undefined {
  const source = table.partitions[0]?.properties.get('source');
  return source === undefined ? undefined : NAVIGATION.exec(source.replace(/\s+/g, ' '))?.[1];
}

/**
 * AmazonRedshift.Database → schema → view, and nothing behind it: any other step would stop the
 * folding of a DirectQuery or send a worse query.
 */
const NAVIGATION =
  /^let Source = AmazonRedshift\.Database\(RedshiftServer, RedshiftDatabase\), Schema = Source\{\[Name = RedshiftSchema\]\}\[Data\], View = Schema\{\[Name = "(\w+)"\]\}\[Data\] in View$/;
