import type { LoadedSettings } from '../lib/settings/load.ts';
import type { Log } from '../lib/telemetry/log.ts';
import type { Ask } from './cli/question.ts';
import type { Wiring } from './wiring.ts';

/** What every command gets; what its own flags say comes beside it. */
export interface CommandContext extends LoadedSettings {
  readonly wiring: Wiring;
  readonly log: Log;
  /** Prints what the command was asked for, which is no log. */
  readonly print: (text: string) => void;
  /** Absent if nobody can be asked. */
  readonly ask?: Ask | undefined;
  /** Aborted once the command is to stop. */
  readonly signal: AbortSignal;
}
