#!/usr/bin/env -S node --min-semi-space-size=4 --max-semi-space-size=4 --heap-growing-percent=30 --no-opt --no-maglev
// The flags let a pass over 1000 workloads peak at 95 MB in place of 145: a small young generation that
// neither begins tiny, which would have it collected a hundred times, nor grows; an old one that is
// cleaned before it grows by more than a third; and no optimizing compilers, whose code and profiles cost
// more than they save in the seconds that a pass takes.
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };

// Nothing of what follows may be needed to read this file: an older Node has to come so far.
const [oldest = ''] = /\d+/.exec(manifest.engines.node) ?? [];
if (Number.parseInt(process.versions.node, 10) < Number(oldest)) {
  process.stderr.write(
    `wave-cron: Node ${oldest} or newer is required, and this is Node ${process.versions.node} (see https://nodejs.org)\n`,
  );
  process.exit(2);
}

// Compiled code is kept beside the program, where whoever may write it may write the program too;
// not in the common temporary folder, where somebody else could leave code for us to run. Where
// nothing can be written, as in an image, what the build has left there is used.
const { enableCompileCache } = await import('node:module');
enableCompileCache(join(import.meta.dirname, 'compile-cache'));
await import('./main.ts');
