import type ZongJi from '@vlasky/zongji';

/** A connection of mysql2 as its commands see it; not in its types. */
interface PacketConnection {
  readonly _paused?: boolean;
  handlePacket(packet: Packet | undefined): void;
}

interface Packet {
  readonly buffer: Buffer;
  readonly offset: number;
  end: number;
}

/** Says that this client knows of checksums and needs none, by its name in newer and older servers. */
export const CHECKSUMS_KNOWN =
  "SET @master_binlog_checksum = 'NONE', @source_binlog_checksum = 'NONE'";

/**
 * Makes zongji read events without checksums. It asks the server once whether events have them now,
 * but every binlog file was written with the setting of its own time: events of the others would
 * lose their last four bytes, or have four bytes of a row that never was.
 */
export function ignoreChecksums(zongji: ZongJi): void {
  Object.defineProperty(zongji, 'useChecksum', { get: () => false, set: () => undefined });
}

const FORMAT_DESCRIPTION = 15;
const CRC32 = 1;
const CHECKSUM_BYTES = 4;

/**
 * Cuts the checksum off every event that comes over a connection from now on. Which events have
 * one, the format description at the beginning of each file says.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_replication_binlog_event.html
 */
export function cutChecksums(connection: unknown): void {
  const packets = connection as PacketConnection;
  const handle = packets.handlePacket.bind(packets);
  let checksumBytes = 0;
  packets.handlePacket = (packet) => {
    // A paused connection keeps packets and handles them a second time when it goes on.
    if (packet !== undefined && packets._paused !== true && isEvent(packet)) {
      if (eventType(packet) === FORMAT_DESCRIPTION) checksumBytes = checksumsBehind(packet);
      else if (checksumBytes > 0) shorten(packet, checksumBytes);
    }
    handle(packet);
  };
}

/** In a packet: a zero byte, then time (4), type (1), server id (4), length (4) … */
const TYPE_AT = 5;
const LENGTH_AT = 10;

function isEvent({ buffer, offset, end }: Packet): boolean {
  const length = end - offset - 1;
  return (
    length >= LENGTH_AT + 4 &&
    buffer[offset] === 0 &&
    buffer.readUInt32LE(offset + LENGTH_AT) === length
  );
}

function eventType({ buffer, offset }: Packet): number | undefined {
  return buffer[offset + TYPE_AT];
}

/** The description itself always has a checksum, and before it the algorithm of those behind it. */
function checksumsBehind({ buffer, end }: Packet): number {
  return buffer[end - CHECKSUM_BYTES - 1] === CRC32 ? CHECKSUM_BYTES : 0;
}

function shorten(packet: Packet, bytes: number): void {
  packet.end -= bytes;
  packet.buffer.writeUInt32LE(packet.end - packet.offset - 1, packet.offset + LENGTH_AT);
}
