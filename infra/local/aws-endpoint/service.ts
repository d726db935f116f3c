import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from './authorization/policy-evaluation.ts';

/** A call of an AWS JSON 1.1 service (`x-amz-target: <prefix>.<operation>`). */
export interface JsonCall {
  readonly operation: string;
  /** The parsed body, an object. */
  readonly input: Readonly<Record<string, unknown>>;
  /** The access key by which the call is signed. */
  readonly caller: string;
  /** Of the call's signature. */
  readonly region: string;
  /** Aborted when the client goes away or the endpoint stops. */
  readonly signal: AbortSignal;
}

/** An error as AWS JSON 1.1 tells it: `{__type, message}` with this HTTP status. */
export class AwsServiceError extends Error {
  readonly type: string;
  readonly httpStatus: number;

  constructor(type: string, message: string, httpStatus = 400) {
    super(message);
    this.name = type;
    this.type = type;
    this.httpStatus = httpStatus;
  }
}

/** One JSON 1.1 service behind the endpoint's port. */
export interface JsonService {
  /** Such as `Firehose_20150804` or `RedshiftData`. */
  readonly targetPrefix: string;
  /** What a caller must be allowed for the call; asked before anything of its input is checked. */
  accesses(call: Omit<JsonCall, 'signal'>): readonly Access[];
  /** @returns the JSON reply. @throws {AwsServiceError} for every refusal. */
  call(call: JsonCall): Promise<object>;
  close(): Promise<void>;
}

/** A REST service behind the endpoint's port (S3): takes every request without `x-amz-target`. */
export interface RestService {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  close(): Promise<void>;
}
