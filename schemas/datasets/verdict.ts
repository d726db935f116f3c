/** The mapped columns of one row, by field: canonical text, or null for NULL. */
export type RawImage = Readonly<Record<string, string | null>>;

export type CleanValue = string | number | null;

/** What the rules say of one image. A pure function of the image and the rules version. */
export type Verdict =
  | { readonly accepted: true; readonly clean: Readonly<Record<string, CleanValue>> }
  | { readonly accepted: false; readonly reasons: readonly string[] };
