import { z } from 'zod';

const milliseconds = z.number().int().nonnegative().max(600_000);
const position = z.number().int().nonnegative();
const count = z.number().int().positive();

/** Which calls a rule hits. */
const selection = {
  /** Operation as AWS names it, such as `PutRecordBatch` or `PutObject`; or `Deliver`. */
  op: z.string().min(1),
  /**
   * Only calls whose detail contains this text. The detail is the request body of a JSON service,
   * `bucket/key` for S3, the stream's name for `fail-records` and `Deliver`, the SQL for statements.
   */
  match: z.string().min(1).optional(),
  /** So many matching calls pass first. */
  skip: position.default(0),
  /** Then the fault fires so many times. */
  times: count.default(1),
};

function rule<A extends string, S extends z.ZodRawShape>(action: A, settings: S) {
  return z.strictObject({ ...selection, action: z.literal(action), ...settings });
}

/** With which status and words AWS refuses a call (Common Error Types; Firehose API reference). */
export const refusalsByCode = {
  ExpiredTokenException: [400, 'The security token included in the request is expired'],
  UnrecognizedClientException: [400, 'The security token included in the request is invalid.'],
  AccessDeniedException: [400, 'User is not authorized to perform this action.'],
  ThrottlingException: [400, 'Rate exceeded'],
  ResourceNotFoundException: [400, 'Firehose not found.'],
  InvalidKMSResourceException: [400, 'Firehose is unable to access the KMS key.'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type RefusalCode = keyof typeof refusalsByCode;
const refusalCodes = Object.keys(refusalsByCode) as [RefusalCode, ...RefusalCode[]];

/** Faults of one HTTP exchange, applied around any operation of any service. */
const exchangeRuleSchema = z.discriminatedUnion('action', [
  /** 503: `ServiceUnavailableException`, for S3 `SlowDown`. */
  rule('throttle', {}),
  /** 500: `InternalFailure`, for S3 `InternalError`. */
  rule('error', {}),
  /** An error by which AWS refuses who calls, or what is called; for S3 `AccessDenied`. */
  rule('refuse', { code: z.enum(refusalCodes) }),
  /** The socket is destroyed before the operation has had its effect. */
  rule('drop-before', {}),
  /** The operation has its effect, then the socket is destroyed instead of a reply. */
  rule('drop-after', {}),
  /** The operation waits before it has its effect. */
  rule('delay', { ms: milliseconds }),
  /** The operation has its effect, then the endpoint kills itself with SIGKILL. */
  rule('crash-after', {}),
]);

/** Faults inside one service. */
const serviceRuleSchema = z.discriminatedUnion('action', [
  /**
   * PutRecordBatch: some records of the call are refused: `first … first + count - 1`, a `share` of
   * all, those whose data hold the text `containing`.
   */
  rule('fail-records', {
    count: position.default(0),
    first: position.default(0),
    share: z.number().min(0).max(1).default(0),
    containing: z.string().min(1).optional(),
    code: z
      .enum(['ServiceUnavailableException', 'InternalFailure'])
      .default('ServiceUnavailableException'),
  }),
  /** Deliver: the records `first … first + count - 1` of the segment vanish without a trace. */
  rule('lose-records', { count, first: position.default(0) }),
  /** Deliver: the object is delivered a second time under another name. */
  rule('duplicate-object', {}),
  /** Deliver: the object appears late; the ones behind it do not wait. */
  rule('delay-object', { ms: milliseconds }),
  /** Deliver: the endpoint kills itself between the upload and the end of the segment. */
  rule('crash-after-upload', {}),
  /** The statement ends FAILED with this error and no effect. */
  rule('failed-statement', { message: z.string().default('ERROR: injected failure') }),
  /** The statement ends ABORTED with no effect. */
  rule('aborted-statement', {}),
  /** The statement stays STARTED for so long before it runs. */
  rule('slow-statement', { ms: milliseconds }),
]);

export type ExchangeFault = z.infer<typeof exchangeRuleSchema>;
export type ServiceFault = z.infer<typeof serviceRuleSchema>;
export type FaultRule = ExchangeFault | ServiceFault;

/** Pseudo operation under which Firehose asks for faults before it delivers a segment. */
export const DELIVER = 'Deliver';

const statementOperations = ['ExecuteStatement', 'BatchExecuteStatement'];

/** The operations that ask for each service fault. */
const operationsOf: Readonly<Record<ServiceFault['action'], readonly string[]>> = {
  'fail-records': ['PutRecordBatch'],
  'lose-records': [DELIVER],
  'duplicate-object': [DELIVER],
  'delay-object': [DELIVER],
  'crash-after-upload': [DELIVER],
  'failed-statement': statementOperations,
  'aborted-statement': statementOperations,
  'slow-statement': statementOperations,
};

/** One rule as `POST /__faults` takes it. A rule that could never fire is refused. */
export const faultRuleSchema = z
  .discriminatedUnion('action', [exchangeRuleSchema, serviceRuleSchema])
  .refine(
    (rule) =>
      isServiceFault(rule) ? operationsOf[rule.action].includes(rule.op) : rule.op !== DELIVER,
    {
      path: ['op'],
      message: 'no such operation asks for this action',
    },
  );

/** A rule as its sender writes it: what has a default may be left out. */
export type FaultRuleInput = z.input<typeof faultRuleSchema>;

export interface RuleState {
  readonly rule: FaultRule;
  /** Calls that the rule selected, the passed ones included. */
  readonly seen: number;
  readonly fired: number;
}

/**
 * The fault knobs. Rules are asked in the order in which they were added and counted by calls, so
 * that a test that makes the same calls gets the same faults. A call that one rule hits is not
 * seen by the rules behind it.
 */
export class Faults {
  #rules: { rule: FaultRule; seen: number; fired: number }[] = [];
  readonly #fired = new Map<string, number>();

  add(rule: FaultRule): void {
    this.#rules.push({ rule, seen: 0, fired: 0 });
  }

  clear(): void {
    this.#rules = [];
  }

  list(): readonly RuleState[] {
    return this.#rules.map((state) => ({ ...state }));
  }

  /** How often each fault has fired since the endpoint started, by `<op> <action>`. */
  fired(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#fired);
  }

  /** Asks for a fault inside a service. Counts the call. @returns the fault to act out, if any. */
  next(operation: string, detail = ''): ServiceFault | undefined {
    return this.#take(operation, detail, isServiceFault);
  }

  /** Asks for a fault of the HTTP exchange. Counts the call. */
  nextExchange(operation: string, detail = ''): ExchangeFault | undefined {
    return this.#take(operation, detail, isExchangeFault);
  }

  #take<F extends FaultRule>(
    operation: string,
    detail: string,
    isWanted: (rule: FaultRule) => rule is F,
  ): F | undefined {
    for (const state of this.#rules) {
      const { rule } = state;
      if (rule.op !== operation || !isWanted(rule)) continue;
      if (rule.match !== undefined && !detail.includes(rule.match)) continue;
      state.seen++;
      if (state.seen <= rule.skip || state.fired >= rule.times) continue;
      state.fired++;
      const name = `${operation} ${rule.action}`;
      this.#fired.set(name, (this.#fired.get(name) ?? 0) + 1);
      return rule;
    }
    return undefined;
  }
}

function isServiceFault(rule: FaultRule): rule is ServiceFault {
  return rule.action in operationsOf;
}

function isExchangeFault(rule: FaultRule): rule is ExchangeFault {
  return !isServiceFault(rule);
}
