/** The only thing that an agent has on the machine's disk: an empty folder, to be mounted over in sandboxes. */
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const paths = new Set<string>();
// One listener for all agents: Node warns of a leak from the eleventh on.
process.on('exit', () => {
  for (const path of paths) rmdirSync(path);
});

/** It goes away with `remove`, or with this process. */
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
