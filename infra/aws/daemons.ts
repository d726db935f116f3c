/** What runs on ECS. What each of it may do stands in schemas/daemon-rights.ts. */
import {
  daemonRights,
  type DaemonRights,
  type Identity,
  type RightsScope,
} from '../../schemas/daemon-rights.ts';
import type { AnyDataset } from '../../schemas/datasets/any-dataset.ts';
import { logDatasets, tableDatasets } from '../../schemas/datasets/registry.ts';
import type { Deployment } from './deployment.ts';

export interface DaemonPlan {
  /** As `careplus run` knows it. */
  readonly name: Identity;
  readonly cpu: 256 | 512 | 1024;
  readonly memoryMiB: 512 | 1024 | 2048;
  /** One at a time, also while a new version comes; or so many at most. */
  readonly tasks: 'one' | { readonly max: number };
  readonly rights: DaemonRights;
}

/** Every service of a deployment. */
export function daemonPlans(deployment: Deployment): readonly DaemonPlan[] {
  const rights = rightsIn(deployment);
  const plan = (name: Identity, size: Omit<DaemonPlan, 'name' | 'rights'>): DaemonPlan => ({
    name,
    ...size,
    rights: rights[name],
  });
  const tables = tableDatasets.filter(({ name }) => name in deployment.datasets);
  return [
    plan('cdc-reader', { cpu: 512, memoryMiB: 1024, tasks: 'one' }),
    plan('ticket-processor', { cpu: 512, memoryMiB: 1024, tasks: onePartitionEach(tables) }),
    plan('log-processor', { cpu: 512, memoryMiB: 1024, tasks: onePartitionEach(logDatasets) }),
    plan('archiver', { cpu: 256, memoryMiB: 1024, tasks: 'one' }),
    plan('warehouse-loader', { cpu: 256, memoryMiB: 1024, tasks: 'one' }),
    plan('dashboard', { cpu: 256, memoryMiB: 1024, tasks: 'one' }),
  ];
}

/** More tasks of a processor than partitions would have nothing to do. */
function onePartitionEach(consumed: readonly AnyDataset[]) {
  return { max: Math.max(1, ...consumed.map(({ topic }) => topic.partitions)) };
}

/** What every identity of a deployment may do. */
export function rightsIn(deployment: Deployment): Readonly<Record<Identity, DaemonRights>> {
  const { source, datasets: tables, logHosts } = deployment;
  return daemonRights({ sourceName: source.name, tables, logHosts } satisfies RightsScope);
}

/** Arguments of the `careplus` command, which is the image's entry point (infra/package/Dockerfile). */
export function serviceCommand({ name }: DaemonPlan): readonly string[] {
  return ['run', name];
}

/** Firehose and the loader may be five minutes behind when all is well. */
export const verificationCommand: readonly string[] = ['verify', '--json', '--timeout', '15m'];
