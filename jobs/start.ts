#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Compiled code is kept beside the program, where whoever may write it may write the program too;
// not in the common temporary folder, where somebody else could leave code for us to run. Where
// nothing can be written, as in an image, what the build has left there is used.
enableCompileCache(join(import.meta.dirname, 'compile-cache'));
await import('./main.ts');
