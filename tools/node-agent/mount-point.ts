/**
 * The only folder of an agent on the machine's disk. It is empty, and sandboxes mount their file
 * systems over it.
 */
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const paths = new Set<string>();
// All agents share one listener, because Node warns about a leak if there are more than ten.
process.on('exit', () => {
  for (const path of paths) rmdirSync(path);
});

/** Creates the folder. It is deleted by `remove`, or when this process ends. */
export function mountPoint(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'wave-cron-node-agent-'));
  paths.add(path);
  return {
    path,
    remove() {
      paths.delete(path);
      rmdirSync(path);
    },
  };
}
