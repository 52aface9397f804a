import type { LoadedSettings } from '../lib/settings/load.ts';
import type { Log } from '../lib/telemetry/log.ts';
import type { Ask } from './cli/question.ts';
import type { Wiring } from './wiring.ts';

/** The dependencies that every command gets. The flags of a command are passed separately. */
export interface CommandContext extends LoadedSettings {
  readonly wiring: Wiring;
  readonly log: Log;
  /** Prints the output of the command, which is not a log. */
  readonly print: (text: string) => void;
  /** Absent without a terminal. */
  readonly ask?: Ask | undefined;
  /** Aborted when the command must stop. */
  readonly signal: AbortSignal;
}
