/** The catalogue: every figure of the dashboards. */
export * from './measure.ts';
export * from './ticket-measures.ts';
export * from './log-measures.ts';
export * from './history-measures.ts';
export * from './log-sums.ts';
