#!/usr/bin/env -S node --min-semi-space-size=4 --max-semi-space-size=4 --heap-growing-percent=30 --no-opt --no-maglev
// With these flags, a pass over 1000 workloads uses at most 95 MB instead of 145. The young
// generation has a small fixed size: with a tiny initial size it would be collected a hundred
// times. The old generation is collected when it has grown by a third. The optimizing compilers are
// off: a pass takes only seconds, and their code and profiles would cost more than they save.
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };

// An older Node must be able to parse this file, so it must not use newer syntax.
const [oldest = ''] = /\d+/.exec(manifest.engines.node) ?? [];
if (Number.parseInt(process.versions.node, 10) < Number(oldest)) {
  process.stderr.write(
    `wave-cron: Node ${oldest} or newer is required, and this is Node ${process.versions.node} (see https://nodejs.org)\n`,
  );
  process.exit(2);
}

// The compile cache is next to the program: an account that can write to this folder can also
// change the program. In the shared temporary folder, another user could plant code. If the image
// is read-only, Node uses the cache of the build.
const { enableCompileCache } = await import('node:module');
enableCompileCache(join(import.meta.dirname, 'compile-cache'));
await import('./main.ts');
