/**
 * What a deployment costs a month, from its own plans and a price list. An estimate: the prices are
 * list prices of us-east-1 from memory, to be checked against the price list before anybody relies
 * on them.
 */
import { alarmPlans } from './alarms.ts';
import { daemonPlans } from './daemons.ts';
import type { Deployment } from './deployment.ts';

const HOURS = 730;
const SECONDS = HOURS * 3_600;

/** USD. */
const prices = {
  expressBrokerHour: 0.408,
  rpuHour: 0.375,
  vcpuHour: 0.04048,
  memoryGibHour: 0.004445,
  databaseHour: 0.129,
  databaseGib: 0.23,
  natHour: 0.045,
  natGib: 0.045,
  balancerHour: 0.0225,
  firehoseGib: 0.029 + 0.018,
  s3Gib: 0.023,
  customMetric: 0.3,
  alarm: 0.1,
  dashboard: 3,
  logGib: 0.5,
  secret: 0.4,
  key: 1,
} as const;

/** CarePlus in a month: 810 changes of tickets and 2,650 log entries. */
const CAREPLUS_EVENTS = 3_460;
const EVENT_BYTES = 600;
/** Firehose bills every record as a multiple of 5 KB. */
const FIREHOSE_RECORD_BYTES = 5_120;
/** Redshift Serverless bills 60 s at least whenever it is woken. */
const WAKE_SECONDS = 60;
const BROKERS = 3;
/** Of the reader and of the pages; Redshift keeps its administrator's, and so does RDS. */
const SECRETS = { always: 3, managedSource: 1 } as const;
/** Metrics that the daemons write, and those of Container Insights. */
const METRICS = 60;
/** Lines of metrics and messages, a daemon and month. */
const LOG_GIB_PER_TASK = 0.1;
const GIB = 1024 ** 3;

export interface Cost {
  readonly part: string;
  /** USD a month, rounded. */
  readonly usd: number;
}

/**
 * @param scale how many times CarePlus' own volume.
 * @returns the parts, the greatest first at scale 1.
 */
export function monthlyCosts(deployment: Deployment, scale: number): readonly Cost[] {
  const events = CAREPLUS_EVENTS * scale;
  const { warehouse, network, source } = deployment;
  const plans = daemonPlans(deployment);
  const vcpus = plans.reduce((sum, { cpu }) => sum + cpu / 1024, 0);
  const memoryGib = plans.reduce((sum, { memoryMiB }) => sum + memoryMiB / 1024, 0);
  const logGib = LOG_GIB_PER_TASK * plans.length;
  const database =
    source.server.kind === 'managed'
      ? [
          {
            part: 'RDS for MySQL, Multi-AZ',
            usd: HOURS * prices.databaseHour + source.server.storageGiB * prices.databaseGib,
          },
        ]
      : [];
  const costs = [
    { part: 'MSK Express, three brokers', usd: BROKERS * HOURS * prices.expressBrokerHour },
    {
      part: `Redshift Serverless, ${warehouse.baseRpu} RPU, a load at most every ${warehouse.cadenceSeconds} s`,
      usd:
        ((wakes(events, warehouse.cadenceSeconds) *
          Math.min(WAKE_SECONDS, warehouse.cadenceSeconds)) /
          3_600) *
        warehouse.baseRpu *
        prices.rpuHour,
    },
    ...database,
    {
      part: `Fargate, ${plans.length} tasks`,
      usd: HOURS * (vcpus * prices.vcpuHour + memoryGib * prices.memoryGibHour),
    },
    {
      part: 'NAT gateway',
      usd: network.natGateways * HOURS * prices.natHour + (logGib + gib(events)) * prices.natGib,
    },
    {
      part: 'CloudWatch, secrets, keys',
      usd:
        METRICS * prices.customMetric +
        alarmPlans(deployment).length * prices.alarm +
        prices.dashboard +
        logGib * prices.logGib +
        (SECRETS.always + database.length * SECRETS.managedSource) * prices.secret +
        prices.key,
    },
    { part: 'Load balancer of the pages', usd: HOURS * prices.balancerHour },
    {
      part: 'Firehose, S3, Glue, Athena',
      usd:
        ((events * FIREHOSE_RECORD_BYTES) / GIB) * prices.firehoseGib +
        // A year of raw and processed.
        24 * gib(events) * prices.s3Gib,
    },
  ];
  return costs.map(({ part, usd }) => ({ part, usd: Math.round(usd) }));
}

/**
 * How often the warehouse is woken: windows of the cadence in which at least one event comes, when
 * events come independently of each other (1 − e^−λ of all windows).
 */
export function wakes(events: number, cadenceSeconds: number): number {
  const windows = SECONDS / cadenceSeconds;
  return windows * (1 - Math.exp(-events / windows));
}

function gib(events: number): number {
  return (events * EVENT_BYTES) / GIB;
}

/** The estimate as a table in Markdown. */
export function costTable(deployment: Deployment): string {
  const scales = [1, 10, 100];
  const columns = scales.map((scale) => monthlyCosts(deployment, scale));
  const parts = (columns[0] ?? []).map(({ part }) => part);
  const cell = (usd: number) => (usd < 1 ? '<1' : usd.toLocaleString('en-US'));
  const rows = parts.map((part, row) => [
    part,
    ...columns.map((costs) => cell(costs[row]?.usd ?? 0)),
  ]);
  const totals = columns.map((costs) => cell(costs.reduce((sum, { usd }) => sum + usd, 0)));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(['USD a month', ...scales.map((scale) => `${scale} ×`)]),
    line(['---', ...scales.map(() => '---:')]),
    ...rows.map(line),
    line(['**together**', ...totals.map((total) => `**${total}**`)]),
  ].join('\n');
}
