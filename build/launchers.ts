/** The files by which kubectl finds the program as its plugin. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { completeArgument, pluginFile } from '../jobs/cli/invocation.ts';

/** kubectl starts it for completions of `kubectl wave-cron`. */
const completionFile = 'kubectl_complete-wave_cron';

/** JavaScript, by the names of the files next to the program. */
const launchers: Readonly<Record<string, string>> = {
  [pluginFile]: `process.argv[1] = '${pluginFile}';`,
  // Not recognized by its name: a package manager that starts it by another one must never run a command that
  // a user has not finished typing.
  [completionFile]: `process.argv.splice(1, 1, '${pluginFile}', '${completeArgument}');`,
};

/** @param folder contains the program */
export function writeLaunchers(folder: string): void {
  const [start = ''] = readFileSync(join(folder, 'wave-cron.js'), 'utf8').split('\n', 1);
  for (const [name, statement] of Object.entries(launchers)) {
    const file = join(folder, `${name}.js`);
    writeFileSync(file, `${start}\n${statement}\nimport('./wave-cron.js');\n`);
    chmodSync(file, 0o755);
  }
}
