import { expect, it } from 'vitest';
import { originalOf } from '../../../../operations/replay/redrive.ts';
import { deadLetterHeaders } from '../../../../schemas/dead-letter.ts';

const letter = (attempt?: string) => ({
  ...{ offset: '4', timestamp: '0', attributes: 0, key: Buffer.from('TCK1') },
  value: Buffer.from([0xc3, 0x01]),
  headers: {
    'careplus-seq': Buffer.from('12'),
    [deadLetterHeaders.topic]: Buffer.from('careplus.ticket-changes'),
    [deadLetterHeaders.partition]: Buffer.from('3'),
    [deadLetterHeaders.code]: Buffer.from('KFK_3004'),
    '__connect.errors.task.id': Buffer.from('0'),
    ...(attempt === undefined ? {} : { [deadLetterHeaders.attempt]: Buffer.from(attempt) }),
  },
});

it('puts a dead letter’s record back as it was, with the attempt raised', () => {
  expect(originalOf(letter('1'))).toEqual({
    key: Buffer.from('TCK1'),
    value: Buffer.from([0xc3, 0x01]),
    partition: 3,
    headers: { 'careplus-seq': Buffer.from('12'), [deadLetterHeaders.attempt]: '2' },
  });
  expect(originalOf(letter('2')).headers).toMatchObject({ [deadLetterHeaders.attempt]: '3' });
  expect(originalOf(letter()).headers).toMatchObject({ [deadLetterHeaders.attempt]: '2' });
});
