import {
  historyBreakdowns,
  historyMeasures,
  logBooks,
  logBreakdowns,
  logMeasures,
  measureSql,
  ticketBooks,
  ticketBreakdowns,
  ticketMeasures,
  type Measure,
} from '../../schemas/measures.ts';
import {
  logPercentiles,
  percentileSql,
  ticketPercentiles,
  type Percentile,
} from '../../schemas/percentiles.ts';

/** How each figure is counted, for whoever wants to check one. */
export const measureCatalogue = {
  measures: [
    ...[...ticketMeasures, ...historyMeasures, ...ticketBooks].map((measure) =>
      entry('tickets', measure, measureSql(measure)),
    ),
    ...ticketPercentiles.map((each) => entry('tickets', each, percentileSql(each))),
    ...[...logMeasures, ...logBooks].map((measure) => entry('logs', measure, measureSql(measure))),
    ...logPercentiles.map((each) => entry('logs', each, percentileSql(each))),
  ],
  breakdowns: [...ticketBreakdowns, ...historyBreakdowns, ...logBreakdowns].map(
    ({ name, title, measure, by }) => ({
      name,
      title,
      measure,
      by: by.column,
    }),
  ),
};

function entry(
  dataset: 'tickets' | 'logs',
  { name, title, population, description, format, dax }: Measure | Percentile,
  sql: string,
) {
  return { name, dataset, title, population, description, format, dax, sql };
}
