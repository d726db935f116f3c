/** How far the figures of a report are complete: times, so no measures that are added or divided. */
export interface Moment {
  readonly title: string;
  readonly dax: string;
  readonly sql: {
    readonly from: 'reporting.freshness';
    readonly where: `dataset = '${string}'`;
    readonly numerator: 'MIN(complete_up_to)';
  };
  readonly format: 'yyyy-mm-dd hh:nn:ss';
  readonly population: string;
  readonly description: string;
}

export const moments: readonly Moment[] = [
  {
    title: 'Tickets As Of',
    dax: 'CALCULATE(MIN(Freshness[Complete Up To]), KEEPFILTERS(Freshness[Dataset] = "tickets"))',
    sql: {
      from: 'reporting.freshness',
      where: "dataset = 'tickets'",
      numerator: 'MIN(complete_up_to)',
    },
    format: 'yyyy-mm-dd hh:nn:ss',
    population: 'source tables, of which the slowest counts',
    description: 'Commit time, UTC, up to which every change of the tickets is shown.',
  },
  {
    title: 'Logs As Of',
    dax: 'CALCULATE(MIN(Freshness[Complete Up To]), KEEPFILTERS(Freshness[Dataset] = "logs"))',
    sql: {
      from: 'reporting.freshness',
      where: "dataset = 'logs'",
      numerator: 'MIN(complete_up_to)',
    },
    format: 'yyyy-mm-dd hh:nn:ss',
    population: 'hosts, of which the slowest counts',
    description: 'When the newest log bytes that are shown were read, UTC.',
  },
];
