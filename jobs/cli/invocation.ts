import { basename } from 'node:path';

/** The name of the program in its help. */
export type ProgramName = 'wave-cron' | 'kubectl wave-cron';

/** The name of the plugin's file. kubectl finds it by this name for the command `kubectl wave-cron`. */
export const pluginFile = 'kubectl-wave_cron';

/** The first argument if a shell asks for completions, as in programs with cobra. */
export const completeArgument = '__complete';

/** @param script the path that the program was started with */
export function programName(script: string | undefined): ProgramName {
  return script !== undefined && basename(script).startsWith(pluginFile)
    ? 'kubectl wave-cron'
    : 'wave-cron';
}
