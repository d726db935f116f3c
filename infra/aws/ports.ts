import type { Deployment } from './deployment.ts';

export const TLS_PORT = 443;
const HTTP_PORT = 80;
/** Of MSK brokers for SASL with IAM. */
export const KAFKA_IAM_PORT = 9098;
export const REDSHIFT_PORT = 5439;
export const MYSQL_PORT = 3306;
/** Of /healthz and /metrics in every task. */
export const HEALTH_PORT = 9100;
export const PAGE_PORT = 8080;

/** Where viewers find the pages. */
export function pagePort({ dashboard }: Deployment): number {
  return dashboard.certificateArn === undefined ? HTTP_PORT : TLS_PORT;
}
