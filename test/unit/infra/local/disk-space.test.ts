import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { checkDiskSpace } from '../../../../infra/local/disk-space.ts';

const folder = path.join(tmpdir(), 'careplus-not-yet', 'there');

it('refuses a start where the disk has no room, naming the folder, what is free and what is needed', async () => {
  await expect(checkDiskSpace(folder, 2 ** 70)).rejects.toThrow(
    /careplus-not-yet\/there has \d+ MiB free, a start needs \d+ MiB/,
  );
  await expect(checkDiskSpace(folder, 2 ** 70)).rejects.toMatchObject({ code: 'CFG_9010' });
});

it('looks at the disk on which a folder will be that is not there yet', async () => {
  await expect(checkDiskSpace(folder, 1)).resolves.toBeUndefined();
});
