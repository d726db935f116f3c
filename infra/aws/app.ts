/**
 * Synthesises the stacks of a deployment; exit code 1 when a check finds anything.
 *
 *   node infra/aws/app.ts [deployment.yaml]
 *
 * The `cdk` command runs it too (cdk.json); there CAREPLUS_DEPLOYMENT names the file.
 */
import path from 'node:path';
import { createApp } from './create-app.ts';
import { readDeployment } from './deployment.ts';
import { openFindings } from './validation-report.ts';

const folder = import.meta.dirname;
const file =
  process.argv[2] ?? process.env['CAREPLUS_DEPLOYMENT'] ?? path.join(folder, 'deployment.yaml');
const outdir = process.env['CDK_OUTDIR'] ?? path.join(folder, 'cdk.out');

const { app } = createApp(readDeployment(file), outdir);
app.synth();
const findings = openFindings(outdir);
for (const finding of findings) console.error(finding);
console.log(`${outdir}: ${findings.length} findings`);
if (findings.length > 0) process.exitCode = 1;
