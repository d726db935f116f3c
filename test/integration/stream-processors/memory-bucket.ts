import type { Bucket } from '../../../runtime/s3/bucket.ts';

/** A bucket in memory. `failPuts` so many writes fail, before or after they had their effect. */
export function memoryBucket() {
  const objects = new Map<string, Buffer>();
  const faults = { before: 0, after: 0 };
  const bucket: Bucket = {
    keys: async (prefix) => [...objects.keys()].filter((key) => key.startsWith(prefix)).toSorted(),
    folders: async (prefix) => {
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix));
      const folder = (key: string) => key.slice(0, key.indexOf('/', prefix.length) + 1);
      return [...new Set(keys.map(folder))].toSorted();
    },
    get: async (key) => objects.get(key),
    put: async (key, body) => void objects.set(key, Buffer.from(body)),
    putNew: async (key, body) => {
      if (faults.before-- > 0) throw new Error('planted: nothing was written');
      const isNew = !objects.has(key);
      if (isNew) objects.set(key, body);
      if (faults.after-- > 0) throw new Error('planted: the answer was lost');
      return isNew;
    },
  };
  return { bucket, objects, faults };
}
