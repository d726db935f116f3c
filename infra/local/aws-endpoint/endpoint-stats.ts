/** What Firehose has delivered of one stream since the endpoint started. */
export interface DeliveryCounts {
  readonly objects: number;
  readonly rows: number;
  /** Records that went to the error prefix. */
  readonly failedRecords: number;
  /** Records that a fault rule made vanish. */
  readonly lostRecords: number;
}

export interface EndpointCounts {
  /** Calls by operation, refused ones included. */
  readonly calls: Readonly<Record<string, number>>;
  /** Deliveries by stream. */
  readonly delivered: Readonly<Record<string, DeliveryCounts>>;
}

/** Counts since the endpoint started. */
export class EndpointStats {
  readonly #calls = new Map<string, number>();
  readonly #delivered = new Map<string, DeliveryCounts>();

  countCall(operation: string): void {
    this.#calls.set(operation, (this.#calls.get(operation) ?? 0) + 1);
  }

  countDelivery(stream: string, added: DeliveryCounts): void {
    const before = this.#delivered.get(stream);
    this.#delivered.set(stream, {
      objects: (before?.objects ?? 0) + added.objects,
      rows: (before?.rows ?? 0) + added.rows,
      failedRecords: (before?.failedRecords ?? 0) + added.failedRecords,
      lostRecords: (before?.lostRecords ?? 0) + added.lostRecords,
    });
  }

  snapshot(): EndpointCounts {
    return {
      calls: Object.fromEntries(this.#calls),
      delivered: Object.fromEntries(this.#delivered),
    };
  }
}
