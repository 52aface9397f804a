/** The one thing that the agent has on the machine's disk: an empty folder, to be mounted over in sandboxes. */
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** It goes away with `remove`, or with this process. */
export function mountPoint(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'wave-cron-node-agent-'));
  const remove = () => {
    process.off('exit', remove);
    rmdirSync(path);
  };
  process.on('exit', remove);
  return { path, remove };
}
