import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const report = z.looseObject({
  pluginReports: z.array(
    z.looseObject({
      violations: z.array(
        z.looseObject({
          ruleName: z.string(),
          description: z.string().optional(),
          violatingConstructs: z.array(z.looseObject({ constructPath: z.string().optional() })),
        }),
      ),
    }),
  ),
});

/**
 * What the checks of a synth found and nobody accepted: cdk-nag's rules and CDK's own validator,
 * which only warns.
 */
export function openFindings(outdir: string): string[] {
  const file = path.join(outdir, 'validation-report.json');
  const { pluginReports } = report.parse(JSON.parse(readFileSync(file, 'utf8')));
  return pluginReports.flatMap(({ violations }) =>
    violations.flatMap(({ ruleName, description = '', violatingConstructs }) =>
      violatingConstructs.map(
        ({ constructPath = '' }) => `${constructPath}: ${ruleName}: ${description}`,
      ),
    ),
  );
}
