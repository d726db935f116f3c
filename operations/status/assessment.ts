import { hopOf, hours, seconds, unanswered, type Hop } from './hop.ts';
import { logHops, tableHops } from './hops.ts';
import type { StatusReadings } from './readings.ts';

export interface Status {
  readonly ok: boolean;
  readonly checked_at: string;
  readonly hops: readonly Hop[];
  readonly quarantine: readonly { dataset: string; reasons: string; count: number }[];
  readonly problems: readonly string[];
}

/** Judges what was read. Pure: the same readings give the same status. */
export function assessStatus(readings: StatusReadings): Status {
  const hops = [
    ...daemonHops(readings),
    serverHop(readings),
    ...readings.tables.flatMap((table) => tableHops(table, readings)),
    ...readings.logs.flatMap((logs) => logHops(logs, readings)),
    ...verificationHops(readings),
  ];
  const { quarantine } = readings;
  if (!quarantine.answers) hops.push(unanswered('quarantine', null, quarantine.why));
  const problems = hops.flatMap(({ hop, dataset, problem }) =>
    problem === null ? [] : [`${hop}${dataset === null ? '' : ` (${dataset})`}: ${problem}`],
  );
  return {
    ok: problems.length === 0,
    checked_at: new Date(readings.atMs).toISOString(),
    hops,
    quarantine: quarantine.answers ? quarantine.value.map((each) => ({ ...each })) : [],
    problems,
  };
}

function daemonHops({ daemons }: StatusReadings): Hop[] {
  return Object.entries(daemons)
    .map(([name, answer]) =>
      hopOf([name, null], answer, ({ moves, troubles }) => {
        const told = Object.entries(troubles).map(
          ([part, { code, message }]) => `${part}: ${code}: ${message}`,
        );
        if (!moves) told.unshift('its work does not move on');
        return { figures: {}, problem: told.length === 0 ? undefined : told.join('; ') };
      }),
    )
    .filter(({ ok }) => !ok);
}

function serverHop({ server }: StatusReadings): Hop {
  return hopOf(['source', null], server, ({ gtid, binlogRetentionMs }) => ({
    figures: { gtid, binlog_retention_hours: hours(binlogRetentionMs) },
  }));
}

function verificationHops({ verifications, atMs }: StatusReadings): Hop[] {
  if (!verifications.answers) return [unanswered('verification', null, verifications.why)];
  return verifications.value.map(({ dataset, ok, verifiedAt }) => ({
    hop: 'verification',
    dataset,
    ok,
    problem: ok ? null : `the last one, of ${verifiedAt}, found differences`,
    figures: {
      verified_at: verifiedAt,
      age_seconds: seconds(atMs - Date.parse(`${verifiedAt.replace(' ', 'T')}Z`)),
    },
  }));
}
