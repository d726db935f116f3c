import type { IncomingMessage, ServerResponse } from 'node:http';

/** A call of an AWS JSON 1.1 service (`x-amz-target: <prefix>.<operation>`). */
export interface JsonCall {
  readonly operation: string;
  /** The parsed body, an object. */
  readonly input: Readonly<Record<string, unknown>>;
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
  /** @returns the JSON reply. @throws {AwsServiceError} for every refusal. */
  call(call: JsonCall): Promise<object>;
  close(): Promise<void>;
}

/** A REST service behind the endpoint's port (S3): takes every request without `x-amz-target`. */
export interface RestService {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  close(): Promise<void>;
}
