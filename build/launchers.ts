/** The files in which kubectl finds the program as its plugin. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { completeArgument, pluginFile } from '../jobs/cli/invocation.ts';

/** kubectl starts this file for completions of `kubectl wave-cron`. */
const completionFile = 'kubectl_complete-wave_cron';

/** The JavaScript statement before the program, by the name of the file. */
const launchers: Readonly<Record<string, string>> = {
  [pluginFile]: `process.argv[1] = '${pluginFile}';`,
  // This file passes an argument, because the program must not recognize completion by a file name. A
  // package manager may start this file under another name, and then the program would run a command that a
  // user has not finished typing.
  [completionFile]: `process.argv.splice(1, 1, '${pluginFile}', '${completeArgument}');`,
};

export interface Launching {
  /** The first line of the files, which names the interpreter. */
  readonly interpreter: string;
  /** The program, relative to the files or absolute. */
  readonly program: string;
  readonly extension: '.js' | '';
}

export function writeLaunchers(
  folder: string,
  { interpreter, program, extension }: Launching,
): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, statement] of Object.entries(launchers)) {
    const file = join(folder, `${name}${extension}`);
    writeFileSync(file, `${interpreter}\n${statement}\nimport('${program}');\n`);
    chmodSync(file, 0o755);
  }
}
