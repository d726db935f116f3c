import { RemovalPolicy } from 'aws-cdk-lib';

/** Data outlives its stack; what a first deployment could not finish is removed, so that the next try finds the names free. */
export const KEPT = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
