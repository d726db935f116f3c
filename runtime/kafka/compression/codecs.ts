import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import kafkajs from 'kafkajs';
import { decompressLz4 } from './lz4.ts';
import { decompressSnappy } from './snappy.ts';

/** A codec as kafkajs calls it. */
interface Codec {
  compress(): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

/**
 * Teaches kafkajs, which brings gzip alone, to read whatever Kafka's producers write: one record of
 * another producer, or a topic with a `compression.type`, would else end every consumer for ever.
 * kafkajs keeps its codecs in a table of the module; the same ones are set each time.
 */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  CompressionCodecs[CompressionTypes.Snappy] = () => snappy;
  CompressionCodecs[CompressionTypes.LZ4] = () => lz4;
  CompressionCodecs[CompressionTypes.ZSTD] = () => zstd;
}

const snappy = reading('snappy', async (bytes) => decompressSnappy(bytes));
const lz4 = reading('lz4', async (bytes) => decompressLz4(bytes));
const zstd = reading('zstd', promisify<Buffer, Buffer>(zstdDecompress));

function reading(name: string, decompress: Codec['decompress']): Codec {
  return {
    compress: async () => {
      throw new TypeError(`nothing is written in ${name}`);
    },
    decompress,
  };
}
