/**
 * Writes the files by which a kubectl in the image finds its plugin. The image has no `env` for the first line of
 * those in dist.
 *
 *     node image/kubectl-plugin.ts /program/usr/local/bin
 */
import { writeLaunchers } from '../build/launchers.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined)
  throw new Error('the folder is required: node image/kubectl-plugin.ts /program/usr/local/bin');
writeLaunchers(folder, {
  ...{ interpreter: '#!/usr/local/bin/node', program: '/app/dist/wave-cron.js', extension: '' },
});
