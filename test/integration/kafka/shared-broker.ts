import { startBrokerProcess } from './broker-process.ts';

/** Set-up of a test run: one broker for all files, see broker.ts. An address that is given is used. */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env['CAREPLUS_TEST_KAFKA']) return async () => undefined;
  const broker = await startBrokerProcess();
  process.env['CAREPLUS_TEST_KAFKA'] = broker.brokers.join(',');
  return () => broker.stop();
}
