import type { Config } from '../../../runtime/config/config-schema.ts';
import { readSecret } from '../../../runtime/config/secrets.ts';
import { errorText, findPipelineError } from '../../../runtime/pipeline-error.ts';
import type { DaemonRights, Identity } from '../../../schemas/daemon-rights.ts';
import type { Part } from '../finding.ts';
import { rightsPart, type Right } from './right.ts';

/** The secrets that a daemon asks AWS for; one that stands elsewhere is looked at where it is used. */
export function secretRights(
  { source, dashboard }: Config,
  identity: Identity,
  rights: Pick<DaemonRights, 'source' | 'pages'>,
): Part[] {
  const secrets = [
    ...(rights.source === true
      ? [secretRight('source.passwordSecretArn', source.passwordSecretArn)]
      : []),
    ...(rights.pages === true
      ? [secretRight('dashboard.tokenSecretArn', dashboard.tokenSecretArn)]
      : []),
  ].flat();
  if (secrets.length === 0) return [];
  const close = async () => undefined;
  return [rightsPart({ name: 'secrets', identity, rights: secrets, close })];
}

function secretRight(setting: string, secretArn: string | undefined): Right[] {
  if (secretArn === undefined) return [];
  return [
    {
      action: 'secretsmanager:GetSecretValue',
      resource: secretArn,
      grant: `allow secretsmanager:GetSecretValue on ${secretArn}`,
      refusal: async () => {
        try {
          const nowhere = { file: undefined, environmentVariable: '' };
          await readSecret({ setting, secretArn, ...nowhere });
          return undefined;
        } catch (error) {
          const cause = findPipelineError(error)?.cause;
          const isRefused = cause instanceof Error && cause.name === 'AccessDeniedException';
          if (!isRefused) throw error;
          return errorText(cause);
        }
      },
    },
  ];
}
