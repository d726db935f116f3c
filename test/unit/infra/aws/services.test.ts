import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { daemonPlans } from '../../../../infra/aws/daemons.ts';
import { example, synthesise, type Synthesised } from './fixtures/example-app.ts';

let app: Synthesised;
beforeAll(() => {
  app = synthesise(example);
}, 60_000);
afterAll(() => rmSync(app.outdir, { recursive: true, force: true }));

interface Service {
  readonly ServiceName: string;
  readonly DesiredCount: number;
  readonly AvailabilityZoneRebalancing: string;
  readonly DeploymentConfiguration: object;
}

interface Container {
  readonly Name: string;
  readonly Command: string[];
  readonly StopTimeout: number;
  readonly HealthCheck?: { readonly Command: string[] };
}

const containers = () =>
  app
    .all<{ ContainerDefinitions: Container[] }>('AWS::ECS::TaskDefinition')
    .flatMap(({ ContainerDefinitions }) => ContainerDefinitions);

describe('services', () => {
  test('every daemon but the shipper runs', () => {
    const names = app.all<Service>('AWS::ECS::Service').map(({ ServiceName }) => ServiceName);
    expect(names.sort()).toEqual([
      'archiver',
      'cdc-reader',
      'dashboard',
      'log-processor',
      'ticket-processor',
      'warehouse-loader',
    ]);
  });

  test('of a singleton the old task is gone before the new one starts', () => {
    const services = app.all<Service>('AWS::ECS::Service');
    const singletons = daemonPlans(example).filter(({ tasks }) => tasks === 'one');
    expect(singletons.map(({ name }) => name)).toEqual([
      'cdc-reader',
      'archiver',
      'warehouse-loader',
      'dashboard',
    ]);
    for (const { name } of singletons) {
      expect(services.find(({ ServiceName }) => ServiceName === name)).toMatchObject({
        DesiredCount: 1,
        AvailabilityZoneRebalancing: 'DISABLED',
        DeploymentConfiguration: { MinimumHealthyPercent: 0, MaximumPercent: 100 },
      });
    }
    const scaled = JSON.stringify(app.all('AWS::ApplicationAutoScaling::ScalableTarget'));
    for (const { name } of singletons) expect(scaled).not.toContain(name.replaceAll('-', ''));
  });

  test('processors scale to as many tasks as their topics have partitions', () => {
    const targets = app.all<{ MinCapacity: number; MaxCapacity: number }>(
      'AWS::ApplicationAutoScaling::ScalableTarget',
    );
    expect(targets.map(({ MinCapacity, MaxCapacity }) => [MinCapacity, MaxCapacity])).toEqual([
      [1, 6],
      [1, 12],
    ]);
  });

  test('containers can write nowhere, are no root, and drain before Fargate ends them', () => {
    for (const container of containers()) {
      expect(container, container.Name).toMatchObject({
        ReadonlyRootFilesystem: true,
        User: '1000',
        LinuxParameters: { InitProcessEnabled: true },
        LogConfiguration: { LogDriver: 'awslogs', Options: { mode: 'non-blocking' } },
      });
      // Fargate allows 120 s, and CDK takes any number. The daemons force their end after drainMs + 5 s.
      expect(container.StopTimeout).toBeLessThanOrEqual(120);
      expect(container.StopTimeout).toBeGreaterThan(25);
    }
  });

  test('every service is asked for its health; one-off work is not', () => {
    for (const { Name, Command, HealthCheck } of containers()) {
      if (Name === 'operations') expect(HealthCheck).toBeUndefined();
      else {
        expect(Command).toEqual(['run', Name]);
        expect(HealthCheck?.Command.join(' ')).toContain('127.0.0.1:9100/healthz');
      }
    }
  });

  test('a role of its own for every task', () => {
    const tasks = app.all<{ TaskRoleArn: object }>('AWS::ECS::TaskDefinition');
    const roles = new Set(tasks.map(({ TaskRoleArn }) => JSON.stringify(TaskRoleArn)));
    expect(roles.size).toBe(tasks.length);
  });

  test('verify runs every night', () => {
    expect(app.all('AWS::Events::Rule')).toMatchObject([
      { ScheduleExpression: 'cron(20 3 * * ? *)', State: 'ENABLED' },
    ]);
    const operations = containers().find(({ Name }) => Name === 'operations');
    expect(operations?.Command).toEqual(['verify', '--json']);
  });
});
