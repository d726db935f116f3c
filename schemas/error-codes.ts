/** Every error that an operator can meet: its cause and its remedy. `docs/errors.md` is generated from here. */
export interface ErrorCode {
  readonly cause: string;
  readonly remedy: string;
}

export const errorCodes = {
  CDC_1001: {
    cause: 'The source server is not set up for change data capture.',
    remedy: 'Run the statements that the message lists, then start the reader again.',
  },
  CDC_1002: {
    cause: 'The binlog that the checkpoint needs has been purged from the source.',
    remedy:
      'Take a new snapshot: `careplus snapshot`. Raise the source’s binlog retention above your longest outage.',
  },
  CDC_1003: {
    cause: 'A mapped column is missing from the source table.',
    remedy:
      'If it was renamed, write the line that the message shows (`aliases` of the dataset in `careplus.yaml`) and start the reader again; if it was dropped, add it again. That table alone stands meanwhile, and nothing is lost.',
  },
  CDC_1004: {
    cause: 'The connection to the source was lost or stayed silent.',
    remedy:
      'The reader reconnects by itself from its checkpoint; look at the source if it repeats.',
  },
  CDC_1005: {
    cause: 'Another reader holds the lock of this source.',
    remedy: 'Stop the other reader, or leave this one waiting as its standby.',
  },
  CDC_1006: {
    cause: 'What the source sent again differs from what is already in the topic.',
    remedy:
      'The source’s binlog was rewritten (for example by RESET MASTER or a failover to a diverged server): take a new snapshot.',
  },
  CDC_1007: {
    cause: 'A change reached the binlog in a form that does not hold whole rows.',
    remedy:
      'Set binlog_format=ROW, binlog_row_image=FULL for all sessions; then take a new snapshot.',
  },
  CDC_1008: {
    cause: 'The source refused the reader’s query or login.',
    remedy: 'Check host, user, password and grants as the message says.',
  },
  CDC_1009: {
    cause: 'The configured table does not exist on the source.',
    remedy: 'Create the table or correct `datasets` in the configuration; the reader waits for it.',
  },
  CDC_1010: {
    cause: 'The source cannot prove that it is the configured host.',
    remedy:
      'Renew its certificate, name the host as the certificate does, or name the authority in `source.ssl.caFile`.',
  },
  LOG_2001: {
    cause: 'A log file or a folder of log files could not be read.',
    remedy:
      'Give the shipper’s user the right to read it, or correct `logs` in the configuration; the other files go on, and this one follows by itself.',
  },
  LOG_2002: {
    cause: 'A log file was truncated or overwritten in place (copytruncate).',
    remedy:
      'Let the rotation rename files and create new ones: what is written between its copy and its truncation is in neither file.',
  },
  LOG_2003: {
    cause: 'A log file begins exactly like another one: it is a copy.',
    remedy:
      'Nothing: its entries count as repeats. Leave copies out by `logs.include` to save the work.',
  },
  LOG_2004: {
    cause: 'A log file was removed before it was wholly shipped.',
    remedy:
      'The message names the bytes that are missing. Keep rotated files longer than your longest outage, in a place that `logs` covers.',
  },
  LOG_2005: {
    cause: 'Another shipper of this host is running.',
    remedy: 'Stop the other shipper, or leave this one waiting as its standby.',
  },
  KFK_3001: {
    cause: 'A newer instance has taken over this transactional id, or its transaction timed out.',
    remedy: 'Nothing, if you started a second instance; the older one ends with exit code 75.',
  },
  KFK_3002: {
    cause: 'The broker did not take the records within all retries.',
    remedy:
      'Check that the brokers are up and that the topic exists; the daemon retries by itself.',
  },
  KFK_3003: {
    cause: 'The bytes of a record could not be read.',
    remedy:
      'A change or a block of entries: look at it in `careplus.dead-letters`; the good records behind it went on. A checkpoint: its daemon writes a good one with its next heartbeat; `careplus snapshot` lets a reader begin anew that does not start by it; under a shipper’s key write a record without value, and it reads that file again (what arrived counts once).',
  },
  KFK_3004: {
    cause: 'A record names a writer schema that the schemas topic does not hold.',
    remedy: 'Publish the schema (restart the writer that made it), then redrive the dead letter.',
  },
  KFK_3005: {
    cause:
      'The consumer’s position was no longer in the topic: retention removed records before they were read, or the log was truncated.',
    remedy:
      'Processors go on with what is there; the archiver sends the missing numbers again from the raw archive, and `careplus status` names what is still missing. Raise the retention of the topic; after a truncation check `unclean.leader.election.enable`.',
  },
  KFK_3006: {
    cause: 'A topic could not be read to its end in time, or the handling of its records hangs.',
    remedy:
      'The daemon ends and is started again from its position. Check the broker if it repeats; a daemon does not start without its checkpoint.',
  },
  KFK_3007: {
    cause: 'A record’s headers are missing or disagree with its content.',
    remedy:
      'Only the pipeline’s own reader may write to a change topic; see the dead letter’s headers.',
  },
  KFK_3008: {
    cause: 'A record is larger than what the broker takes.',
    remedy:
      'Look at the row or entry that the message names; raise `message.max.bytes` only together with the limits downstream.',
  },
  KFK_3009: {
    cause: 'The program itself failed over a batch of records: a bug.',
    remedy:
      'The daemon ends and its position stays, so nothing is lost. Report the log line with its stack; go back to the version before if it repeats.',
  },
  KFK_3010: {
    cause: 'A topic was made anew: the raw archive already holds other records at its offsets.',
    remedy:
      'Move the objects of this topic out of `…/raw/` of the lake (a replay from there reads them no more): the archiver then begins with the first record of the topic. Until then it archives the other topics only.',
  },
  LAKE_4001: {
    cause: 'Firehose did not accept records within the time limit.',
    remedy:
      'The processor keeps its offsets and retries; check the stream’s throttling and status.',
  },
  LAKE_4002: {
    cause: 'The delivery stream or bucket does not exist or may not be used.',
    remedy:
      'Create it or grant the permission that the message names; what waits for it goes on by itself.',
  },
  LAKE_4003: {
    cause: 'Firehose could not convert a record and put it under the errors prefix.',
    remedy:
      'Look at the object that the message names; the frontier waits until the number is re-sent.',
  },
  LAKE_4004: {
    cause: 'An object in the lake could not be read or is not one of the pipeline’s.',
    remedy: 'Look at the object that the message names; it is set aside, the others were loaded.',
  },
  LAKE_4005: {
    cause: 'Firehose refuses a record for ever, though it takes others.',
    remedy:
      'A placeholder keeps its number and quarantine shows it as `record:refused`; the record stands in `careplus.dead-letters`. Correct the row at the source, or put the record back with `careplus quarantine requeue` once Firehose takes it.',
  },
  LAKE_4006: {
    cause: 'AWS refuses the credentials: expired, unknown, or none found.',
    remedy:
      'Renew them; the records are kept and sent then. A daemon that is refused for a minute ends, to read its credentials anew when it is started again.',
  },
  WH_5001: {
    cause: 'A warehouse statement failed.',
    remedy:
      'See the statement and the server’s text in the message; the batch was rolled back whole.',
  },
  WH_5002: {
    cause: 'Another loader has taken over.',
    remedy: 'Nothing, if you started a second loader; the older one ends with exit code 75.',
  },
  WH_5003: {
    cause: 'The warehouse could not be reached.',
    remedy: 'The loader retries by itself; check the workgroup and its network.',
  },
  WH_5004: {
    cause: 'A migration that was already applied has been changed, or one failed.',
    remedy: 'Never edit an applied migration: add a new one with the next number.',
  },
  WH_5005: {
    cause: 'The warehouse waits for a number that neither the topic nor the raw archive holds.',
    remedy:
      'Of a table: take a new snapshot, `careplus snapshot`. Of a log file: copy the file beside itself, so that it is shipped again under another identity; what had arrived counts as repeats. Nothing is skipped meanwhile.',
  },
  WH_5006: {
    cause: 'A ticket that is to be forgotten still lives, at the source or in the warehouse.',
    remedy:
      'Delete its rows at the source and wait until that has arrived (`careplus wait --idle`); a row that could not be read counts until the table is read anew, `careplus snapshot`.',
  },
  WH_5007: {
    cause: 'Something of a ticket that is to be forgotten is still on its way.',
    remedy:
      'Run the same command again later: when the snapshot has ended, the missing numbers have come, or the archiver has taken its next turn.',
  },
  CFG_9001: {
    cause: 'The configuration file cannot be used.',
    remedy: 'Correct every line that the message lists.',
  },
  CFG_9002: {
    cause: 'A secret could not be read.',
    remedy: 'Check the path of the `…File` setting or set the environment variable.',
  },
  CFG_9003: {
    cause: 'Something that the local stack needs is missing on this machine.',
    remedy: 'Run the command that the message prints.',
  },
  CFG_9004: {
    cause: 'A port that the local stack needs is taken.',
    remedy: 'Stop the process that the message names or set CAREPLUS_PORT_BASE to a free range.',
  },
  CFG_9005: {
    cause: 'The state folder belongs to another feed or version.',
    remedy: 'Use `--fresh` to begin anew or `--state DIR` for another folder.',
  },
  CFG_9006: {
    cause: 'A part of the local stack did not become ready.',
    remedy: 'Read its log file, which the message names.',
  },
  CFG_9007: {
    cause: 'The feed could not be loaded into the source.',
    remedy: 'Correct the file at the place that the message names.',
  },
  CFG_9010: {
    cause: 'The disk has no room for the local stack.',
    remedy: 'Free space there, or use `--state DIR` on another disk; a second start goes on.',
  },
  CFG_9011: {
    cause: 'No stack was started in the state folder, and no configuration is named.',
    remedy:
      'Start one by `npm start`, name its folder by `--state DIR`, or a configuration by `--config FILE`.',
  },
  CFG_9012: {
    cause: 'The state folder cannot be made, or not be written to.',
    remedy: 'Name a folder that you may write to by `--state DIR`.',
  },
} as const satisfies Record<string, ErrorCode>;

export type ErrorCodeName = keyof typeof errorCodes;
