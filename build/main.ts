/**
 * The program and the package's handler as they are shipped, into a folder:
 *
 *     node build/main.ts dist
 */
import { buildProgram } from './program.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined)
  throw new Error('the folder to build into is required: node build/main.ts dist');
await buildProgram(folder);
