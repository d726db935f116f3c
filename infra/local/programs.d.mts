/** Types of programs.mjs. */
export const kafkaPom: string;
export const kafkaJarFolder: string;
export function findMariadb(): {
  readonly server: string;
  readonly installDb: string;
  readonly client: string;
} | null;
export function findPostgres(): readonly { readonly major: number; readonly bin: string }[];
export function findJava(): string | null;
export function findChromium(): string | null;
export function findMaven(): string | null;
export function kafkaPomHash(): string;
export function kafkaJars(): { readonly classPath: string } | null;
