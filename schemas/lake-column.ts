/** Hive type of a Glue column, as Firehose converts JSON to it. */
export type GlueType = 'string' | 'int' | 'bigint';

/** One column of the lake's rows and, in the same order, of the warehouse's stage: COPY binds by position. */
export interface LakeColumn {
  readonly name: string;
  readonly glueType: GlueType;
  /** Redshift type of the stage column; widths are bytes. */
  readonly warehouseType: string;
}

export const text = (name: string, maxBytes: number): LakeColumn => ({
  name,
  glueType: 'string',
  warehouseType: `VARCHAR(${maxBytes})`,
});
export const int = (name: string): LakeColumn => ({
  name,
  glueType: 'int',
  warehouseType: 'INTEGER',
});
export const bigint = (name: string): LakeColumn => ({
  name,
  glueType: 'bigint',
  warehouseType: 'BIGINT',
});
