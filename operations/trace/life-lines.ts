import type { Hop, TicketLife, TicketState, TracedImage } from './ticket-life.ts';

const sentences: Readonly<Record<TicketState, string>> = {
  shown: 'is shown on the dashboard',
  quarantined: 'is in quarantine and not shown',
  deleted: 'was deleted at the source and is not shown',
  waiting: 'has arrived and waits: something before it is missing or its snapshot has not ended',
  unknown: 'is named by log entries only: no row of it has been read',
};

/** A ticket's life for a person. */
export function lifeLines(life: TicketLife): string[] {
  const { ticket_id: id, images_total: images, log_entries_total: entries } = life;
  return [
    `${id} ${sentences[life.state]}`,
    ...life.rows.map(
      ({ condition, copies, event_id: event, reasons, values }) =>
        `  ${condition}${copies > 1 ? ` (${copies} copies)` : ''}: ${event}${reasons === null ? '' : `, ${reasons}`}` +
        (condition === 'shown' || condition === 'superseded'
          ? `, ${Object.entries(values)
              .filter(([name]) => name !== 'ticket_id')
              .map(([name, value]) => `${name} ${value ?? '(none)'}`)
              .join(', ')}`
          : ''),
    ),
    `${images} changes${images > life.images.length ? `, the newest ${life.images.length} of them` : ''}`,
    ...life.images.flatMap(imageLines),
    `${entries} log entries${entries > life.log_entries.length ? `, the first ${life.log_entries.length} of them` : ''}`,
    ...life.log_entries.map((entry) => {
      const what = entry.verdict === 'accepted' ? (entry.log_level ?? '') : (entry.reasons ?? '');
      const repeats = entry.copies > 1 ? ` (${entry.copies} copies)` : '';
      return `  ${entry.logged_at ?? 'no time'} ${what}${repeats}, ${entry.event_id}, record ${entry.record ?? 'unknown'}`;
    }),
  ];
}

function imageLines(image: TracedImage): string[] {
  const { source, record, verdict, objects } = image;
  const { binlog } = source;
  const place = source.in_snapshot
    ? 'in a snapshot'
    : `${source.gtid ?? ''}${binlog ? `, ${binlog.file} ${binlog.position} row ${binlog.row ?? 0}` : ''}`;
  const reasons = verdict.reasons === null ? '' : `: ${verdict.reasons}`;
  return [
    `  ${source.committed_at} ${image.change}${verdict.status === null ? '' : ` as ${verdict.status}`}, ${image.event_id}${image.applied ? '' : ' (waits)'}`,
    `    source   ${place}, read${ageOf(image.read)}`,
    ...(record
      ? [
          `    record   ${record.topic} ${record.partition}:${record.offset}${ageOf(record.produced)}${record.found_in === null ? ', in neither topic nor archive' : `, in the ${record.found_in}`}`,
        ]
      : []),
    verdict.outcome === 'erased'
      ? '    verdict  erased: only its numbers are left'
      : `    verdict  ${verdict.outcome} by rules version ${verdict.rules_version}${reasons}`,
    ...(objects.length === 0
      ? ['    object   not found near the time at which it was read']
      : objects.flatMap(({ key, batch_id: batch, loaded }) => [
          `    object   ${key}`,
          `    batch    ${batch}${ageOf(loaded)}`,
        ])),
  ];
}

function ageOf(hop: Hop | null): string {
  if (hop === null) return '';
  return ` after ${hop.age_ms < 10_000 ? `${hop.age_ms} ms` : `${Math.round(hop.age_ms / 1000)} s`}`;
}
