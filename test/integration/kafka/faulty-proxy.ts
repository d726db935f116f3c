import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Kafka, logLevel, type RetryOptions } from 'kafkajs';

/** Request keys of the Kafka protocol. */
export const apiKeys = { produce: 0, fetch: 1, endTxn: 26 } as const;

/** A TCP proxy before a broker that loses chosen answers: the broker has acted, the client cannot know. */
export interface FaultyProxy {
  /**
   * Loses the next answer to a request of this kind and cuts its connection.
   *
   * @returns a promise that resolves when it has happened.
   */
  loseAnswer(apiKey: number): Promise<void>;
  /** From now on no answer to a request of this kind arrives; connections stay. */
  holdAnswers(apiKey: number): void;
  /** A client all of whose connections go through the proxy. */
  client(retry?: RetryOptions): Kafka;
  close(): Promise<void>;
}

export async function startFaultyProxy(broker: string): Promise<FaultyProxy> {
  const [host = '', port = ''] = broker.split(':');
  const armed = new Map<number, () => void>();
  const held = new Set<number>();
  const sockets = new Set<Socket>();

  const server = createServer((client) => {
    const upstream = connect(Number(port), host);
    const keyOf = new Map<number, number>();
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => {
        sockets.delete(socket);
        cut();
      });
      socket.on('error', cut);
    }
    // Request: length, api key, api version, correlation id. Answer: length, correlation id.
    const requests = frames((frame) => {
      keyOf.set(frame.readInt32BE(8), frame.readInt16BE(4));
      upstream.write(frame);
    });
    const answers = frames((frame) => {
      const correlationId = frame.readInt32BE(4);
      const apiKey = keyOf.get(correlationId) ?? -1;
      keyOf.delete(correlationId);
      if (held.has(apiKey)) return;
      const lost = armed.get(apiKey);
      if (!lost) {
        client.write(frame);
        return;
      }
      armed.delete(apiKey);
      cut();
      lost();
    });
    client.on('data', requests);
    upstream.on('data', answers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxyPort = (server.address() as AddressInfo).port;

  return {
    loseAnswer: (apiKey) => new Promise((resolve) => armed.set(apiKey, resolve)),
    holdAnswers: (apiKey) => {
      held.add(apiKey);
    },
    client: (retry = { retries: 5, initialRetryTime: 50 }) =>
      new Kafka({
        clientId: 'behind-proxy',
        brokers: [broker],
        logLevel: logLevel.NOTHING,
        retry,
        // Also the connections to brokers by their advertised addresses go through the proxy.
        socketFactory: ({ onConnect }) => connect(proxyPort, '127.0.0.1', onConnect),
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Cuts a byte stream into length-prefixed frames. */
function frames(onFrame: (frame: Buffer) => void): (chunk: Buffer) => void {
  let buffered = Buffer.alloc(0);
  return (chunk) => {
    buffered = Buffer.concat([buffered, chunk]);
    while (buffered.length >= 4) {
      const length = 4 + buffered.readInt32BE(0);
      if (buffered.length < length) return;
      onFrame(buffered.subarray(0, length));
      buffered = buffered.subarray(length);
    }
  };
}
