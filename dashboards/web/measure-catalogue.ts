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
} from '../../schemas/measures.ts';

/** How each figure is counted, for whoever wants to check one. */
export const measureCatalogue = {
  measures: [
    ...[...ticketMeasures, ...historyMeasures, ...ticketBooks].map((measure) => ({
      dataset: 'tickets',
      measure,
    })),
    ...[...logMeasures, ...logBooks].map((measure) => ({ dataset: 'logs', measure })),
  ].map(({ dataset, measure }) => ({
    name: measure.name,
    dataset,
    title: measure.title,
    population: measure.population,
    description: measure.description,
    format: measure.format,
    dax: measure.dax,
    sql: measureSql(measure),
  })),
  breakdowns: [...ticketBreakdowns, ...historyBreakdowns, ...logBreakdowns].map(
    ({ name, title, measure, by }) => ({
      name,
      title,
      measure,
      by: by.column,
    }),
  ),
};
