/** What is looked at: a page, and what is chosen there. */
export interface PageAddress {
  readonly page: 'tickets' | 'logs' | 'pipeline';
  /** As in the address; nothing for all. */
  readonly query: string;
}

/** Where each figure is measured by itself. */
export const figureAddresses: readonly PageAddress[] = [
  { page: 'tickets', query: '' },
  { page: 'logs', query: '' },
  { page: 'logs', query: 'level=INFO' },
  { page: 'logs', query: 'component=careplus.support.Service3' },
];

/** Every page as a whole, and under choices of one kind and of several. */
export const pageAddresses: readonly PageAddress[] = [
  { page: 'tickets', query: '' },
  { page: 'tickets', query: 'status=Open' },
  { page: 'tickets', query: 'agent=agent+7&priority=High' },
  { page: 'tickets', query: 'from=2025-07-05&to=2025-07-18' },
  { page: 'logs', query: '' },
  { page: 'logs', query: 'level=ERROR' },
  { page: 'logs', query: 'level=INFO' },
  { page: 'logs', query: 'component=careplus.support.Service3' },
  { page: 'logs', query: 'from=2025-07-05&to=2025-07-18' },
  { page: 'logs', query: 'from=2025-07-05&to=2025-07-18&level=INFO&level=DEBUG' },
  { page: 'logs', query: 'level=INFO&component=careplus.support.Service3' },
  { page: 'logs', query: 'hour=10' },
  { page: 'pipeline', query: '' },
];

/** Lists, and one ticket's life: only opened. */
export const listAddresses = [
  { path: '/tickets', query: '' },
  { path: '/tickets', query: 'agent=agent+7' },
  { path: '/entries', query: '' },
  { path: '/entries', query: 'level=ERROR' },
  { path: '/ticket', query: 'id=TCK4711' },
] as const;

/** Where the pages of figures stand. */
export const pagePaths = { tickets: '/', logs: '/logs', pipeline: '/pipeline' } as const;
