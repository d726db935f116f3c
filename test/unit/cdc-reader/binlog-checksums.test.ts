import { expect, it } from 'vitest';
import { cutChecksums } from '../../../cdc-reader/binlog-checksums.ts';

const FORMAT = 15;
const ROWS = 30;

interface Packet {
  readonly buffer: Buffer;
  readonly offset: number;
  end: number;
}

/** An event as it comes: a packet header, a zero byte, the event's header and its body. */
function packetOf(type: number, body: Buffer): Packet {
  const head = Buffer.alloc(4 + 1 + 19);
  head[4 + 5] = type;
  head.writeUInt32LE(19 + body.length, 4 + 10);
  const buffer = Buffer.concat([head, body]);
  return { buffer, offset: 4, end: buffer.length };
}

const description = (algorithm: number) =>
  packetOf(FORMAT, Buffer.concat([Buffer.alloc(80), Buffer.from([algorithm, 9, 9, 9, 9])]));
const rows = (text: string) => packetOf(ROWS, Buffer.from(text));

function connection() {
  const handled: (Packet | undefined)[] = [];
  const waiting: Packet[] = [];
  // As mysql2 does it: one packet object for all, and copies of those that wait.
  const packets = {
    _paused: false,
    handlePacket(packet: Packet | undefined) {
      if (packets._paused && packet) waiting.push({ ...packet });
      else handled.push(packet && { ...packet });
    },
  };
  cutChecksums(packets);
  return {
    receive: (packet: Packet | undefined) => packets.handlePacket(packet),
    pause: () => (packets._paused = true),
    resume: () => {
      packets._paused = false;
      for (const packet of waiting.splice(0)) packets.handlePacket(packet);
    },
    bodies: () =>
      handled.map((packet) => packet && packet.buffer.toString('utf8', 4 + 20, packet.end)),
    lengths: () => handled.map((packet) => packet?.buffer.readUInt32LE(4 + 10)),
  };
}

it('cuts the checksums that the description of each file announces, and the length with them', () => {
  const { receive, bodies, lengths } = connection();
  for (const packet of [description(1), rows('row!CRC.'), description(0), rows('row!')]) {
    receive(packet);
  }
  expect([bodies()[1], bodies()[3]]).toEqual(['row!', 'row!']);
  expect([lengths()[1], lengths()[3]]).toEqual([23, 23]);
});

it('cuts a packet once that a paused connection handles twice', () => {
  const { receive, pause, resume, bodies } = connection();
  receive(description(1));
  receive(rows('one!CRC.'));
  pause();
  for (const packet of [rows('two!CRC.'), description(0), rows('three!')]) receive(packet);
  resume();
  expect([1, 2, 4].map((index) => bodies()[index])).toEqual(['one!', 'two!', 'three!']);
});

it('leaves alone what is no event', () => {
  const { receive, bodies } = connection();
  const answer = { buffer: Buffer.from('\0\0\0\0\0an answer of the server'), offset: 4, end: 28 };
  for (const each of [description(1), answer, undefined]) receive(each);
  expect(answer.end).toBe(28);
  expect(bodies().at(-1)).toBeUndefined();
});
