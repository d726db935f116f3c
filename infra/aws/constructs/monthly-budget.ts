import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import { Construct } from 'constructs';
import type { Deployment } from '../deployment.ts';

/** Tells before the month's money is gone. */
export class MonthlyBudget extends Construct {
  constructor(scope: Construct, id: string, { name, monthlyBudgetUsd, alarmEmail }: Deployment) {
    super(scope, id);
    const notices = [
      { notificationType: 'ACTUAL', threshold: 50 },
      { notificationType: 'ACTUAL', threshold: 80 },
      { notificationType: 'ACTUAL', threshold: 100 },
      { notificationType: 'FORECASTED', threshold: 100 },
    ];
    new CfnBudget(this, 'Budget', {
      budget: {
        budgetName: `${name}-monthly`,
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: monthlyBudgetUsd, unit: 'USD' },
        // The tag has to be activated for cost allocation once (runbook).
        costFilters: { TagKeyValue: [`user:application$${name}`] },
      },
      notificationsWithSubscribers: notices.map((notice) => ({
        notification: { ...notice, comparisonOperator: 'GREATER_THAN' },
        subscribers: [{ subscriptionType: 'EMAIL', address: alarmEmail }],
      })),
    });
  }
}
