import type { Progress } from '../../runtime/daemon/progress.ts';
import type { Logger } from '../../runtime/observability/log.ts';
import { findPipelineError } from '../../runtime/pipeline-error.ts';
import type { PassResult, TopicArchive } from './topic-archive.ts';

export interface ArchiveTurnOptions {
  readonly archive: TopicArchive;
  readonly topic: string;
  readonly progress: Pick<Progress, 'setTrouble'>;
  readonly log: Logger;
  readonly onPass: (result: PassResult) => void;
}

/**
 * Archives a topic, a pass a turn. A topic that was made anew is told as a trouble of this topic
 * and stops nothing else: only a person can say what is to become of the archive of the old one.
 */
export function createArchiveTurn(
  options: ArchiveTurnOptions,
): (signal: AbortSignal) => Promise<void> {
  const { archive, topic, progress, log, onPass } = options;
  const part = `archive of ${topic}`;
  let isTold = false;
  return async (signal) => {
    try {
      onPass(await archive.pass(signal));
      progress.setTrouble(part, undefined);
      isTold = false;
    } catch (error) {
      const known = findPipelineError(error);
      if (known?.code !== 'KFK_3010') throw error;
      const { code, message, remedy } = known;
      progress.setTrouble(part, { code, message });
      if (!isTold) log.error({ code, remedy, topic, err: error }, message);
      isTold = true;
    }
  };
}
