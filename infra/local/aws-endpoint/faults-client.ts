import { z } from 'zod';
import { type FaultRuleInput, faultRuleSchema } from './faults.ts';

const counts = z.record(z.string(), z.number());

const statsSchema = z.object({
  /** Calls by operation. */
  calls: counts,
  /** Fired faults by `<op> <action>`. */
  faults: counts,
  delivered: z.record(
    z.string(),
    z.object({
      objects: z.number(),
      rows: z.number(),
      failedRecords: z.number(),
      lostRecords: z.number(),
    }),
  ),
});

const ruleStatesSchema = z.array(
  z.object({ rule: faultRuleSchema, seen: z.number(), fired: z.number() }),
);

type EndpointStatsReply = z.infer<typeof statsSchema>;
type RuleStatesReply = z.infer<typeof ruleStatesSchema>;

/** The fault knobs of a running endpoint, for tests and tools. */
export interface FaultsClient {
  /** Adds rules behind those that stand. @throws {Error} with the reason if one is refused. */
  add(...rules: readonly FaultRuleInput[]): Promise<RuleStatesReply>;
  list(): Promise<RuleStatesReply>;
  clear(): Promise<void>;
  stats(): Promise<EndpointStatsReply>;
}

/** @param endpoint address such as `http://127.0.0.1:21000`. */
export function createFaultsClient(endpoint: string): FaultsClient {
  const request = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(new URL(path, endpoint), {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const reply: unknown = await response.json();
    if (!response.ok) {
      throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(reply)}`);
    }
    return reply;
  };
  return {
    add: async (...rules) => ruleStatesSchema.parse(await request('POST', '/__faults', rules)),
    list: async () => ruleStatesSchema.parse(await request('GET', '/__faults')),
    clear: async () => {
      await request('DELETE', '/__faults');
    },
    stats: async () => statsSchema.parse(await request('GET', '/__stats')),
  };
}
