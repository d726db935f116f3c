/** All checks that need neither the warehouse nor anything else from outside. */
import {
  heatMaps,
  historyBreakdowns,
  historyMeasures,
  logBooks,
  logBreakdowns,
  logMeasures,
  ticketBooks,
  ticketBreakdowns,
  ticketMeasures,
  type Measure,
} from '../../../schemas/measures.ts';
import { moments, type Moment } from '../../../schemas/moments.ts';
import {
  logPercentiles,
  ticketPercentiles,
  type Percentile,
} from '../../../schemas/percentiles.ts';
import { checkColumns } from './column-checks.ts';
import { checkArtifacts, checkFiles, checkKinds } from './file-checks.ts';
import { checkLayout } from './layout-checks.ts';
import { checkAddresses, checkLiterals } from './literal-checks.ts';
import { checkCatalogue, checkDax, checkQuery, checkSplits } from './measure-checks.ts';
import { checkModel } from './model-checks.ts';
import { checkFilters, checkReach, checkVisibility } from './narrowing-checks.ts';
import type { Finding, ProjectFiles } from './project-files.ts';
import { checkReading } from './reading-checks.ts';
import { checkRelationships } from './relationship-checks.ts';
import {
  checkAggregations,
  checkFields,
  checkPages,
  checkQueryRefs,
  checkTheme,
} from './report-checks.ts';
import { checkPlan } from './report-plan.ts';
import { readReport } from './report.ts';
import { checkSecrets } from './secret-checks.ts';
import { readSemanticModel } from './semantic-model.ts';
import { checkColours } from './theme-checks.ts';
import { checkVisuals } from './visual-checks.ts';

const measures: readonly Measure[] = [
  ...ticketMeasures,
  ...ticketBooks,
  ...historyMeasures,
  ...logMeasures,
  ...logBooks,
];

/** Every measure of the report. */
const catalogue: readonly (Measure | Percentile | Moment)[] = [
  ...measures,
  ...ticketPercentiles,
  ...logPercentiles,
  ...moments,
];

/** Every column that a figure is split by. */
const splits = [
  ...[...ticketBreakdowns, ...logBreakdowns, ...historyBreakdowns].map(({ by }) => by),
  ...heatMaps.flatMap(({ rows, columns }) => [rows, columns]),
];

/** @param styleSheet of the web page, whose colours the theme repeats. */
export function checkProject(files: ProjectFiles, styleSheet: string): Finding[] {
  const { model, findings: ofModel } = readSemanticModel(files);
  const { report, findings: ofReport } = readReport(files);
  return [
    ...ofModel,
    ...ofReport,
    ...checkModel(model),
    ...checkColumns(model),
    ...checkRelationships(model),
    ...checkCatalogue(model, catalogue),
    ...checkDax(model, catalogue),
    ...checkSplits(model, splits),
    ...checkQuery(files, catalogue),
    ...checkFiles(files),
    ...checkArtifacts(files),
    ...checkKinds(files),
    ...checkLiterals(files),
    ...checkAddresses(files),
    ...checkPages(report),
    ...checkTheme(files, report),
    ...checkFields(files, model),
    ...checkAggregations(files),
    ...checkQueryRefs(report),
    ...checkPlan(report),
    ...checkFilters(files),
    ...checkVisibility(report),
    ...checkReach(report, model),
    ...checkReading(report, model, measures),
    ...checkVisuals(report),
    ...checkLayout(report),
    ...checkColours(files, styleSheet),
    ...checkSecrets(files),
  ];
}
