import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmStatusWidget,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  Metric,
  TreatMissingData,
  type IWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import {
  FilterPattern,
  LogGroup,
  MetricFilter,
  type IFilterPattern,
  type ILogGroup,
} from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { OPERATIONS } from '../../schemas/daemon-rights.ts';
import { alarmPlans, logMetrics, type AlarmPlan } from './alarms.ts';
import { AlarmTopic } from './constructs/alarm-topic.ts';
import { MonthlyBudget } from './constructs/monthly-budget.ts';
import { METRICS_NAMESPACE } from './daemon-configuration.ts';
import { daemonPlans } from './daemons.ts';
import type { Deployment } from './deployment.ts';
import { logGroupName } from './names.ts';

/** Every invariant's alarm, who is told, a dashboard of the same metrics, and the budget. */
export class WatchStack extends Stack {
  constructor(scope: Construct, id: string, deployment: Deployment, props: StackProps) {
    super(scope, id, props);
    const { topic } = new AlarmTopic(this, 'Topic', deployment);
    const tell = new SnsAction(topic);
    const plans = alarmPlans(deployment);
    const alarms = plans.map((plan) => {
      const alarm = createAlarm(this, deployment, plan);
      alarm.addAlarmAction(tell);
      alarm.addOkAction(tell);
      return alarm;
    });
    const logsOf = (name: string) =>
      LogGroup.fromLogGroupName(this, `Logs-${name}`, logGroupName(deployment, name));
    for (const { name } of daemonPlans(deployment)) {
      this.countLines(`Errors-${name}`, logsOf(name), logMetrics.loggedErrors, LOGGED_ERROR);
    }
    const verifications = logsOf(OPERATIONS);
    const { verificationsFailed, verificationsSucceeded } = logMetrics;
    this.countLines('Failed', verifications, verificationsFailed, verification('FALSE'));
    this.countLines('Succeeded', verifications, verificationsSucceeded, verification('TRUE'));
    new Dashboard(this, 'Dashboard', {
      dashboardName: deployment.name,
      defaultInterval: Duration.hours(12),
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24, height: 5 })],
        ...rows(plans.map(graph)),
      ],
    });
    new MonthlyBudget(this, 'Budget', deployment);
  }

  private countLines(
    id: string,
    logGroup: ILogGroup,
    metricName: string,
    filterPattern: IFilterPattern,
  ): void {
    new MetricFilter(this, id, {
      logGroup,
      filterPattern,
      metricNamespace: METRICS_NAMESPACE,
      metricName,
      metricValue: '1',
    });
  }
}

/** As runtime/observability/log.ts writes its levels. */
const LOGGED_ERROR = FilterPattern.any(
  FilterPattern.stringValue('$.level', '=', 'error'),
  FilterPattern.stringValue('$.level', '=', 'fatal'),
);

/** The document of `careplus verify --json`; `status` has an `ok` too, but no `verified_at`. */
function verification(ok: 'TRUE' | 'FALSE'): IFilterPattern {
  return FilterPattern.all(
    FilterPattern.exists('$.verified_at'),
    FilterPattern.booleanValue('$.ok', ok === 'TRUE'),
  );
}

function createAlarm(scope: Construct, deployment: Deployment, plan: AlarmPlan): Alarm {
  return new Alarm(scope, plan.id, {
    alarmName: `${deployment.name}-${plan.id}`,
    alarmDescription: `${plan.means} What to do: docs/runbook.md#${plan.runbook}`,
    metric: metricOf(plan),
    evaluationPeriods: plan.periods,
    datapointsToAlarm: plan.periods,
    threshold: plan.threshold,
    comparisonOperator:
      plan.when === 'above'
        ? ComparisonOperator.GREATER_THAN_THRESHOLD
        : ComparisonOperator.LESS_THAN_THRESHOLD,
    treatMissingData: plan.silenceIsBad
      ? TreatMissingData.BREACHING
      : TreatMissingData.NOT_BREACHING,
  });
}

function metricOf({ metric, statistic, periodMinutes }: AlarmPlan): Metric {
  return new Metric({
    namespace: metric.namespace,
    metricName: metric.name,
    dimensionsMap: { ...metric.dimensions },
    statistic,
    period: Duration.minutes(periodMinutes),
  });
}

function graph(plan: AlarmPlan): IWidget {
  const line = { value: plan.threshold, label: 'alarm' };
  return new GraphWidget({
    title: plan.id,
    left: [metricOf(plan)],
    leftAnnotations: [line],
    width: 8,
    height: 5,
  });
}

function rows(widgets: readonly IWidget[]): IWidget[][] {
  const perRow = 3;
  return Array.from({ length: Math.ceil(widgets.length / perRow) }, (_, row) =>
    widgets.slice(row * perRow, (row + 1) * perRow),
  );
}
