import { configFile } from '../../infra/local/config-file.ts';
import { readState } from '../../infra/local/state-file.ts';
import { loadConfig } from '../../runtime/config/load-config.ts';
import type { VerbCall } from '../cli/context.ts';
import { exitCodes } from '../cli/faults.ts';
import { placeLocalCredentials } from '../cli/local-credentials.ts';
import { closeTheBooks } from './close-the-books.ts';
import { askedFeed, checkFeed } from './feed-state.ts';
import type { UpRequest } from './foreground.ts';
import { createRunOutput } from './run-output.ts';

/** A stack is up already: says where its page is, and closes the books if that was asked for. */
export async function joinRunningStack(request: UpRequest, call: VerbCall): Promise<number> {
  const state = readState(request.stateDir);
  if (state) checkFeed(state, await askedFeed(request), request.stateDir);
  const config = loadConfig(configFile(request.stateDir));
  placeLocalCredentials(config.aws);
  const { output, signal } = call;
  const page = `http://${config.dashboard.host}:${config.dashboard.port}`;
  const { stateDir } = request;
  output.text(`the page is at ${page}`);
  if (request.untilIdle) {
    return closeTheBooks(config, { output: createRunOutput(output), signal, stateDir });
  }
  output.document({ page, state: stateDir });
  return exitCodes.good;
}
