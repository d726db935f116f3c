import { createWriterSchemas } from '../runtime/avro/writer-schemas.ts';
import { limitHeapGrowth } from '../runtime/daemon/heap-growth.ts';
import type { DaemonDefinition } from '../runtime/daemon/run-daemon.ts';
import { createCheckpointStore } from '../runtime/kafka/checkpoint-store.ts';
import { createKafka } from '../runtime/kafka/connection.ts';
import { createTransactionalWriter } from '../runtime/kafka/transactional-writer.ts';
import { shipperCheckpointSchema } from '../schemas/checkpoint.ts';
import { shipperTransactionalId, topics } from '../schemas/topics.ts';
import { shipperConfig } from './config.ts';
import { HostShipper } from './host-shipper.ts';
import { createShipperMetrics } from './shipper-metrics.ts';

/** Brings the log files of this machine into the topics of their formats. */
export const logShipper: DaemonDefinition = {
  name: 'log-shipper',
  async build({ config, log, metrics, progress }) {
    limitHeapGrowth();
    const shipping = shipperConfig(config);
    const kafka = createKafka(config.kafka, { clientId: 'careplus-log-shipper', log });
    const writer = createTransactionalWriter(kafka, {
      transactionalId: shipperTransactionalId(shipping.host),
      log,
    });
    const shipper = new HostShipper(shipping, {
      writer,
      store: createCheckpointStore(kafka, {
        topic: topics.shipperCheckpoints.name,
        parse: (json) => shipperCheckpointSchema.parse(json),
        log,
      }),
      schemas: createWriterSchemas(kafka, { log }),
      metrics: createShipperMetrics(metrics),
      progress,
      log,
    });
    return {
      run: (signal) => shipper.run(signal),
      close: () => writer.close(),
    };
  },
};
