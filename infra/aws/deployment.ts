/** What one deployment decides: the only input of the CDK app. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { parse } from 'yaml';
import { z } from 'zod';
import { isIdentity } from '../../schemas/daemon-rights.ts';
import { findTableDataset } from '../../schemas/datasets/registry.ts';

const cidr = z.string().refine((text) => rangeBits(text) >= 0, 'a range such as 10.40.0.0/16');
const arn = z.string().startsWith('arn:');
/** Names of resources are made from it, and Redshift allows no upper case. */
const name = z
  .string()
  .max(21)
  .regex(/^[a-z][a-z0-9]+(-[a-z0-9]+)*$/, 'lower case letters and digits, with - between words');

const network = z.strictObject({
  /** Nine subnets of 256 addresses come into it. */
  cidr: cidr
    .refine((range) => rangeBits(range) >= 16 && rangeBits(range) <= 20, 'from /16 to /20')
    .default('10.40.0.0/16'),
  natGateways: z.number().int().min(1).max(3).default(1),
  /** Ranges outside the VPC (office, VPN, data centre) from which shippers and people come. */
  clientCidrs: z.array(cidr).default([]),
});

/** A MySQL of this deployment. */
const managedSource = z.strictObject({
  kind: z.literal('managed'),
  instanceClass: z.string().min(1).default('t4g.medium'),
  storageGiB: z.number().int().min(20).max(65_536).default(100),
});

/** A server that is there already and that the VPC can reach. */
const existingSource = z.strictObject({
  kind: z.literal('existing'),
  host: z.string().min(1),
  port: z.number().int().min(1).max(65_535).default(3306),
  /** Range of the server's address, for the daemons' way out. */
  cidr,
  /** False where the server has no certificate; then it must be in a network that is yours. */
  tls: z.boolean().default(true),
  /** Authorities of its certificate as PEM, where Node does not know them. */
  authorities: z.string().startsWith('-----BEGIN CERTIFICATE-----').optional(),
});

const source = z.strictObject({
  /** Name of the server in event ids. Never change it. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower case letters, digits and -'),
  server: z.discriminatedUnion('kind', [managedSource, existingSource]),
  /** What the server was told to keep (`mysql.rds_set_configuration`); alarms go by it. */
  binlogRetentionHours: z.number().int().min(24).max(2_160).default(168),
});

const table = z.strictObject({
  database: z.string().min(1),
  table: z.string().min(1),
  aliases: z.record(z.string(), z.array(z.string().min(1)).min(1)).optional(),
});

const kafka = z.strictObject({
  instanceType: z
    .string()
    .regex(/^express\./, 'an Express broker such as express.m7g.large')
    .default('express.m7g.large'),
  /** MSK takes Express brokers from 3.9 on with KRaft only, and refuses `3.9.x`. */
  version: z
    .string()
    .regex(/^(3\.[68]\.\w+|(3\.9|[4-9]\.\d+)\.\w+\.kraft)$/, 'such as 3.9.x.kraft')
    .default('3.9.x.kraft'),
});

const warehouse = z
  .strictObject({
    /** 4 where the region offers it, else a multiple of 8. */
    baseRpu: z.number().int().min(4).max(512).default(4),
    maxRpu: z.number().int().min(8).max(512).default(8),
    /** RPU hours a day above which an alarm tells. */
    dailyRpuHours: z.number().min(1).default(24),
    /** Least seconds between two loads: every load wakes the warehouse for a minute at least. */
    cadenceSeconds: z.number().int().min(1).max(3_600).default(60),
  })
  .refine(({ baseRpu }) => baseRpu === 4 || baseRpu % 8 === 0, {
    path: ['baseRpu'],
    message: '4, or a multiple of 8',
  })
  .refine(({ baseRpu, maxRpu }) => maxRpu >= baseRpu && maxRpu % 8 === 0, {
    path: ['maxRpu'],
    message: 'at least baseRpu, and a multiple of 8',
  });

const settings = {
  name: name.default('careplus'),
  account: z.string().regex(/^\d{12}$/, 'the twelve digits of the account'),
  /** Of the partition `aws`: China and GovCloud name their resources otherwise. */
  region: z.string().regex(/^(?!cn-|us-gov-|us-iso)[a-z]{2}(-[a-z]+)+-\d$/, 'such as eu-central-1'),
  /** Three of the region's zones: MSK Express and Redshift Serverless want three. */
  availabilityZones: z.array(z.string().min(1)).length(3),
  /** Bucket names are global: choose one that nobody has. */
  bucket: z.string().regex(/^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$/, 'a new bucket name'),
  image: z.strictObject({
    repository: z.string().min(1),
    tag: z.string().min(1),
    /** By daemon, while an upgrade goes through them in order: another tag than `tag`. */
    tags: z
      .record(
        z.string().refine((known): boolean => isIdentity(known), 'no daemon'),
        z.string().min(1),
      )
      .default({}),
    architecture: z.enum(['X86_64', 'ARM64']).default('X86_64'),
  }),
  network: network.prefault({}),
  source,
  /** By dataset name: the table that it is read from. */
  datasets: z.record(
    z.string().refine((known) => findTableDataset(known)?.name === known, 'no dataset'),
    table,
  ),
  /** Names of the hosts whose logs are shipped (`logs.host` there): each may write under its own. */
  logHosts: z.array(z.string().min(1).max(100)).default([]),
  kafka: kafka.prefault({}),
  firehose: z
    .strictObject({ intervalSeconds: z.number().int().min(0).max(900).default(60) })
    .prefault({}),
  warehouse: warehouse.prefault({}),
  dashboard: z
    .strictObject({
      /** With a certificate the page is served over TLS; without, inside the network only. */
      certificateArn: arn.optional(),
    })
    .prefault({}),
  /** Whom alarms and the budget tell. */
  alarmEmail: z.email(),
  monthlyBudgetUsd: z.number().int().min(1).default(1_600),
};

const deploymentSchema = z
  .strictObject(settings)
  .refine(({ region, availabilityZones: zones }) => zones.every((zone) => isZoneOf(region, zone)), {
    path: ['availabilityZones'],
    message: 'zones of the region, such as eu-central-1a',
  })
  .refine(({ availabilityZones: zones }) => new Set(zones).size === zones.length, {
    path: ['availabilityZones'],
    message: 'three different zones',
  });

const isZoneOf = (region: string, zone: string) => /^[a-z]$/.test(zone.replace(region, ''));

export type Deployment = z.infer<typeof deploymentSchema>;
export type ManagedSource = z.infer<typeof managedSource>;

/** @throws {z.ZodError} that names every wrong field. */
export function parseDeployment(value: unknown): Deployment {
  return deploymentSchema.parse(value);
}

/** Bits of a range's network, such as 16 of `10.40.0.0/16`; -1 of what is none. */
function rangeBits(text: string): number {
  const [, address = '', bits = ''] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? [];
  return isIP(address) === 4 && Number(bits) <= 32 ? Number(bits) : -1;
}

/** Reads a deployment file (YAML). Throws what the file system, the parser or {@link parseDeployment} throws. */
export function readDeployment(file: string): Deployment {
  return parseDeployment(parse(readFileSync(file, 'utf8')));
}
