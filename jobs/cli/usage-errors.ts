import { type Command, CommanderError } from 'commander';
import { UsageError } from '../../lib/errors.ts';

/**
 * Makes commander throw usage errors instead of printing them and exiting. Call this function
 * before commands are added, because commands inherit this behavior.
 */
export function throwUsageErrors(program: Command): void {
  program.exitOverride();
  // Nothing is printed here, because the code that catches the error prints it.
  program.configureOutput({ outputError: () => undefined, writeErr: () => undefined });
}

/**
 * Parses the arguments (without node and script) and runs the command. It also resolves after
 * commander has printed help or the version.
 *
 * @throws UsageError of one line for invalid usage; errors of the command
 */
export async function runCommand(program: Command, args: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    throw new UsageError(inOneLine(error, program));
  }
}

function inOneLine(error: CommanderError, program: Command): string {
  if (error.code === 'commander.help') {
    const names = program.commands.map((command) => command.name()).join(', ');
    return `a command is required: ${names}; see ${program.name()} --help`;
  }
  return error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
}
