import { App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { DataStack } from './data-stack.ts';
import type { Deployment } from './deployment.ts';
import { featureFlags } from './feature-flags.ts';
import { StreamStack } from './stream-stack.ts';
import { WatchStack } from './watch-stack.ts';

export interface CarePlusApp {
  readonly app: App;
  readonly data: DataStack;
  readonly stream: StreamStack;
  readonly watch: WatchStack;
}

/**
 * The stacks of a deployment, split by lifetime: data outlives releases, streams come with each,
 * watching follows both. Nothing is looked up: it synthesises without an account.
 *
 * @param outdir where the templates go; by default where the `cdk` command wants them.
 */
export function createApp(deployment: Deployment, outdir?: string): CarePlusApp {
  const { account, region, name } = deployment;
  const app = new App({
    ...(outdir === undefined ? {} : { outdir }),
    context: featureFlags,
    // Its resource would change with every construct and every version.
    analyticsReporting: false,
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  // Under the deployment's name: a second one must not take the first one's stacks for its own.
  const stack = (part: string) => ({ env: { account, region }, stackName: `${name}-${part}` });
  const data = new DataStack(app, 'CarePlusData', deployment, stack('data'));
  const stream = new StreamStack(app, 'CarePlusStream', deployment, data, stack('stream'));
  const watch = new WatchStack(app, 'CarePlusWatch', deployment, stack('watch'));
  watch.addStackDependency(stream);
  Tags.of(app).add('application', name);
  return { app, data, stream, watch };
}
