import { GtidSet, MariadbGtidPosition } from '@vlasky/zongji';

/** The source transactions that are finished, in either server's notation. */
export interface GtidPosition {
  add(gtid: string): void;
  toString(): string;
}

export type ServerFlavour = 'mariadb' | 'mysql';

/** @throws Error if the text is not in that server's notation. */
export function parseGtidPosition(text: string, flavour: ServerFlavour): GtidPosition {
  if (flavour === 'mysql') return GtidSet.parse(text);
  const position = MariadbGtidPosition.parse(text);
  return {
    add: (gtid) => {
      const [domainId, serverId, seqNo = '0'] = gtid.split('-');
      position.add({ domainId: Number(domainId), serverId: Number(serverId), seqNo });
    },
    toString: () => position.toString(),
  };
}
