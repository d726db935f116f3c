import { expect, it } from 'vitest';
import { shareOf } from '../../../log-shipper/open-file-limit.ts';

const limits = (soft: string) =>
  `Limit                     Soft Limit           Hard Limit           Units
Max processes             1000                 1000                 processes
Max open files            ${soft.padEnd(20)} 1048576              files
`;

it.each([
  ['256', 128],
  ['1024', 512],
  ['1048576', 512],
  ['unlimited', 512],
])('keeps half of %s open files, but never thousands', (soft, share) => {
  expect(shareOf(limits(soft))).toBe(share);
});

it('goes by its own measure where the system tells none', () => {
  expect(shareOf('')).toBe(512);
});
