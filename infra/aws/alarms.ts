/** What must not happen unnoticed, as data: the watch stack makes an alarm of each. */
import { watchedMetrics } from '../../schemas/daemon-metrics.ts';
import { logDatasets, tableDatasets } from '../../schemas/datasets/registry.ts';
import { processorGroup } from '../../schemas/topics.ts';
import { METRICS_NAMESPACE } from './daemon-configuration.ts';
import { daemonPlans } from './daemons.ts';
import type { Deployment } from './deployment.ts';
import { clusterName, databaseName } from './names.ts';

interface WatchedMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

export interface AlarmPlan {
  /** Unique; ends the alarm's name. */
  readonly id: string;
  /** Heading of docs/runbook.md that tells what to do. */
  readonly runbook: string;
  /** What it means, one sentence. */
  readonly means: string;
  readonly metric: WatchedMetric;
  readonly statistic: 'Maximum' | 'Minimum' | 'Sum';
  readonly periodMinutes: number;
  /** Periods in a row. */
  readonly periods: number;
  readonly when: 'above' | 'below';
  readonly threshold: number;
  /** Whether no data at all is as bad: for everything that says "it is alive". */
  readonly silenceIsBad: boolean;
}

/** Metrics made of log lines; see the watch stack's filters. */
export const logMetrics = {
  loggedErrors: 'logged_errors',
  verificationsFailed: 'verifications_failed',
  verificationsSucceeded: 'verifications_succeeded',
} as const;

const GIB = 1024 ** 3;
const FIVE_MINUTES = { periodMinutes: 5, periods: 3 } as const;
const AT_ONCE = { periodMinutes: 5, periods: 1 } as const;
const HOUR = { periodMinutes: 60, periods: 1 } as const;
const DAY = { periodMinutes: 24 * 60, periods: 1 } as const;

/** Every alarm of a deployment. */
export function alarmPlans(deployment: Deployment): readonly AlarmPlan[] {
  return [
    ...readerAlarms(deployment),
    ...processorAlarms(deployment),
    ...deliveryAlarms(deployment),
    ...loaderAlarms(deployment),
    ...bookAlarms(deployment),
    ...taskAlarms(deployment),
    ...capacityAlarms(deployment),
  ];
}

function readerAlarms({ source }: Deployment): AlarmPlan[] {
  const lag: Pick<AlarmPlan, 'metric' | 'statistic'> = {
    metric: ofDaemon('cdc-reader', watchedMetrics.readerLag),
    statistic: 'Maximum',
  };
  return [
    {
      id: 'cdc-reader-lag',
      runbook: 'cdc-reader-lag',
      means: 'The reader is more than 5 minutes behind the source, or gives no sign of life.',
      ...lag,
      ...{ periodMinutes: 1, periods: 5, when: 'above', threshold: 300, silenceIsBad: true },
    },
    {
      id: 'binlog-headroom',
      runbook: 'binlog-headroom',
      means: 'Half of the time is over for which the source keeps what the reader still needs.',
      ...lag,
      ...{ periodMinutes: 5, periods: 6, when: 'above', silenceIsBad: true },
      threshold: (source.binlogRetentionHours * 3_600) / 2,
    },
    counted('cdc-reader', watchedMetrics.readerErrors, FIVE_MINUTES, {
      id: 'cdc-reader-failing',
      means: 'The reader tries again and again.',
    }),
  ];
}

function processorAlarms(deployment: Deployment): AlarmPlan[] {
  const consumed = [
    ...tableDatasets.filter(({ name }) => name in deployment.datasets),
    ...logDatasets,
  ];
  const ofGroup = (dataset: (typeof consumed)[number], name: string): WatchedMetric => ({
    namespace: 'AWS/Kafka',
    name,
    dimensions: {
      'Cluster Name': clusterName(deployment),
      'Consumer Group': processorGroup(dataset),
      Topic: dataset.topic.name,
    },
  });
  return [
    ...consumed.flatMap((dataset): AlarmPlan[] => [
      {
        id: `processor-lag-${dataset.shortName}`,
        runbook: 'processor-lag',
        means: 'Many records wait for the processor, or its group is gone.',
        metric: ofGroup(dataset, 'MaxOffsetLag'),
        ...{ statistic: 'Maximum', ...FIVE_MINUTES, when: 'above', threshold: 50_000 },
        silenceIsBad: true,
      },
      {
        id: `processor-delay-${dataset.shortName}`,
        runbook: 'processor-lag',
        means: 'Records wait for the processor longer than 10 minutes.',
        metric: ofGroup(dataset, 'EstimatedMaxTimeLag'),
        ...{ statistic: 'Maximum', ...FIVE_MINUTES, when: 'above', threshold: 600 },
        silenceIsBad: false,
      },
    ]),
    ...['ticket-processor', 'log-processor'].map((daemon) =>
      counted(daemon, watchedMetrics.deadLetters, AT_ONCE, {
        id: `dead-letters-${daemon}`,
        runbook: 'dead-letters',
        means: 'Records could not be read and are kept as dead letters.',
      }),
    ),
    ...(deployment.logHosts.length > 0 ? [logsSilent] : []),
  ];
}

const logsSilent: AlarmPlan = {
  id: 'logs-silent',
  runbook: 'logs-silent',
  means: 'No log entry has come for an hour.',
  metric: ofDaemon('log-processor', watchedMetrics.processedRows),
  ...{ statistic: 'Sum', ...HOUR, when: 'below', threshold: 1, silenceIsBad: true },
};

function deliveryAlarms({ firehose }: Deployment): AlarmPlan[] {
  return [...tableDatasets, ...logDatasets].flatMap(({ shortName, stream }): AlarmPlan[] => {
    const metric = (name: string): WatchedMetric => ({
      namespace: 'AWS/Firehose',
      name,
      dimensions: { DeliveryStreamName: stream },
    });
    // An idle stream tells nothing.
    const rest = { when: 'above', silenceIsBad: false } as const;
    return [
      {
        id: `delivery-age-${shortName}`,
        runbook: 'delivery-age',
        means: 'Rows wait in Firehose; after 24 hours it drops them.',
        metric: metric('DeliveryToS3.DataFreshness'),
        ...{ statistic: 'Maximum', ...FIVE_MINUTES, ...rest },
        threshold: 2 * firehose.intervalSeconds + 300,
      },
      {
        id: `conversion-failed-${shortName}`,
        runbook: 'conversion-failed',
        means: 'Firehose could not convert rows and put them under the errors prefix.',
        metric: metric('FailedConversion.Records'),
        ...{ statistic: 'Sum', ...AT_ONCE, ...rest, threshold: 0 },
      },
      {
        id: `delivery-throttled-${shortName}`,
        runbook: 'delivery-throttled',
        means: 'Firehose refuses records for a quarter of an hour; the processor sends them again.',
        metric: metric('ThrottledRecords'),
        ...{ statistic: 'Sum', ...FIVE_MINUTES, ...rest, threshold: 0 },
      },
    ];
  });
}

function loaderAlarms({ warehouse }: Deployment): AlarmPlan[] {
  return [
    {
      id: 'loader-age',
      runbook: 'loader-age',
      means: 'Objects of the lake wait for the loader, or it gives no sign of life.',
      metric: ofDaemon('warehouse-loader', watchedMetrics.oldestWaiting),
      ...{ statistic: 'Maximum', ...FIVE_MINUTES, when: 'above', silenceIsBad: true },
      threshold: 4 * warehouse.cadenceSeconds + 600,
    },
    counted('warehouse-loader', watchedMetrics.loaderErrors, FIVE_MINUTES, {
      id: 'loader-failing',
      means: 'The warehouse refuses batches again and again.',
    }),
    counted('warehouse-loader', watchedMetrics.setAsideObjects, AT_ONCE, {
      id: 'set-aside',
      means: 'An object of the lake could not be loaded and was set aside.',
    }),
    {
      id: 'hole',
      runbook: 'hole',
      means: 'Numbers are missing: the dashboard waits before them.',
      metric: ofDaemon('warehouse-loader', watchedMetrics.missingNumbers),
      ...{ statistic: 'Maximum', ...FIVE_MINUTES, when: 'above', threshold: 0 },
      silenceIsBad: false,
    },
    {
      id: 'unfillable',
      runbook: 'unfillable',
      means:
        'Missing numbers are neither in the topic nor in the archive, or the archiver is silent.',
      metric: ofDaemon('archiver', watchedMetrics.unfillableNumbers),
      ...{ statistic: 'Maximum', ...FIVE_MINUTES, when: 'above', threshold: 0 },
      silenceIsBad: true,
    },
  ];
}

function bookAlarms({ firehose, warehouse }: Deployment): AlarmPlan[] {
  const ofLogs = (name: string): WatchedMetric => ({
    namespace: METRICS_NAMESPACE,
    name,
    dimensions: {},
  });
  return [
    {
      id: 'freshness',
      runbook: 'freshness',
      means: 'What is in the topics is not shown in time, wherever it is held up.',
      metric: ofDaemon('archiver', watchedMetrics.notShown),
      ...{ statistic: 'Maximum', ...FIVE_MINUTES, when: 'above', silenceIsBad: true },
      threshold: 3 * (firehose.intervalSeconds + warehouse.cadenceSeconds) + 600,
    },
    {
      id: 'verification-failed',
      runbook: 'verification-failed',
      means: 'The warehouse differs from the rules applied to the source.',
      metric: ofLogs(logMetrics.verificationsFailed),
      ...{ statistic: 'Sum', ...DAY, when: 'above', threshold: 0, silenceIsBad: false },
    },
    {
      id: 'verification-missing',
      runbook: 'verification-missing',
      means: 'No verification has held for 26 hours.',
      metric: ofLogs(logMetrics.verificationsSucceeded),
      ...{ statistic: 'Sum', periodMinutes: 60, periods: 26, when: 'below', threshold: 1 },
      silenceIsBad: true,
    },
    {
      id: 'logged-errors',
      runbook: 'logged-errors',
      means: 'A daemon has logged an error, which asks for a person.',
      metric: ofLogs(logMetrics.loggedErrors),
      ...{ statistic: 'Sum', ...AT_ONCE, when: 'above', threshold: 0, silenceIsBad: false },
    },
  ];
}

function taskAlarms(deployment: Deployment): AlarmPlan[] {
  return daemonPlans(deployment).flatMap(({ name }): AlarmPlan[] => [
    taskAlarm(deployment, name),
    {
      id: `trouble-${name}`,
      runbook: 'trouble',
      means: `A part of ${name} is kept from its work for a quarter of an hour.`,
      metric: ofDaemon(name, watchedMetrics.trouble),
      ...{
        statistic: 'Maximum',
        ...FIVE_MINUTES,
        when: 'above',
        threshold: 0,
        silenceIsBad: false,
      },
    },
  ]);
}

function taskAlarm(deployment: Deployment, name: string): AlarmPlan {
  return {
    id: `tasks-${name}`,
    runbook: 'tasks',
    means: `No task of ${name} runs.`,
    metric: {
      namespace: 'ECS/ContainerInsights',
      name: 'RunningTaskCount',
      dimensions: { ClusterName: clusterName(deployment), ServiceName: name },
    },
    // A singleton is away for some minutes while a new version comes.
    ...{ statistic: 'Minimum', periodMinutes: 1, periods: 6, when: 'below', threshold: 1 },
    silenceIsBad: true,
  };
}

function capacityAlarms(deployment: Deployment): AlarmPlan[] {
  const { warehouse, source } = deployment;
  const { server } = source;
  const rpu: AlarmPlan = {
    id: 'rpu',
    runbook: 'rpu',
    means: 'The warehouse has computed more within a day than planned.',
    metric: {
      namespace: 'AWS/Redshift-Serverless',
      name: 'ComputeSeconds',
      dimensions: { Workgroup: deployment.name },
    },
    ...{ statistic: 'Sum', ...DAY, when: 'above', silenceIsBad: false },
    threshold: warehouse.dailyRpuHours * 3_600,
  };
  if (server.kind === 'existing') return [rpu];
  return [
    rpu,
    {
      id: 'source-storage',
      runbook: 'source-storage',
      means: 'A fifth of the source’s storage is left; binlogs fill it.',
      metric: {
        namespace: 'AWS/RDS',
        name: 'FreeStorageSpace',
        dimensions: { DBInstanceIdentifier: databaseName(deployment) },
      },
      ...{ statistic: 'Minimum', ...FIVE_MINUTES, when: 'below', silenceIsBad: true },
      threshold: (server.storageGiB * GIB) / 5,
    },
  ];
}

function ofDaemon(daemon: string, name: string): WatchedMetric {
  return { namespace: METRICS_NAMESPACE, name, dimensions: { daemon } };
}

/** An alarm on anything that is counted at all. */
function counted(
  daemon: string,
  name: string,
  time: Pick<AlarmPlan, 'periodMinutes' | 'periods'>,
  plan: Pick<AlarmPlan, 'id' | 'means'> & { readonly runbook?: string },
): AlarmPlan {
  return {
    runbook: plan.id,
    ...plan,
    metric: ofDaemon(daemon, name),
    ...{ statistic: 'Sum', ...time, when: 'above', threshold: 0, silenceIsBad: false },
  };
}
