import type { Config } from '../../../runtime/config/config-schema.ts';
import { daemonRights, type DaemonRights, type Identity } from '../../../schemas/daemon-rights.ts';
import { shipperConfig } from '../../../log-shipper/config.ts';
import type { Part } from '../finding.ts';
import { sourcePart } from '../source-part.ts';
import { brokerRights } from './broker-rights.ts';
import { deliveryRights } from './delivery-rights.ts';
import { lakeRights } from './lake-rights.ts';
import { logFilesPart } from './log-files-part.ts';
import { secretRights } from './secret-rights.ts';
import { warehouseRights } from './warehouse-rights.ts';

/** What an identity may do under this configuration. */
function rightsUnder(config: Config, identity: Identity): DaemonRights {
  const { source, datasets: tables, logs } = config;
  const logHosts = logs && identity === 'log-shipper' ? [shipperConfig(config).host] : [];
  return daemonRights({ sourceName: source.name, tables, logHosts })[identity];
}

/** Everything that a daemon needs, each looked at as that daemon. */
export function daemonParts(config: Config, identity: Identity): Part[] {
  const rights = rightsUnder(config, identity);
  const { kafka, lake, delivers = [], describesDelivery = [], warehouse } = rights;
  const delivery = delivers.length + describesDelivery.length > 0;
  return [
    ...secretRights(config, identity, rights),
    ...(rights.source === true ? [sourcePart(config)] : []),
    ...(rights.logFiles === true ? [logFilesPart(config)] : []),
    ...(kafka ? [brokerRights(config, identity, kafka)] : []),
    ...(lake ? [lakeRights(config, identity, lake)] : []),
    ...(delivery ? [deliveryRights(config, identity, { delivers, describesDelivery })] : []),
    ...(warehouse ? [warehouseRights(config, identity, warehouse)] : []),
  ];
}
