/**
 * Builds the program and the package's handler into a folder, as they are shipped:
 *
 *     node build/main.ts dist
 */
import { buildProgram } from './program.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined)
  throw new Error('the folder to build into is required: node build/main.ts dist');
await buildProgram(folder);
