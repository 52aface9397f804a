import { type Command, CommanderError } from 'commander';
import { UsageError } from '../../lib/errors.ts';

/**
 * Makes wrong usage an error to be caught instead of text and an exit in the middle of wiring. To
 * be called on the program before its commands are added, since they inherit it.
 */
export function throwUsageErrors(program: Command): void {
  program.exitOverride();
  // The one line is written by whoever catches the error.
  program.configureOutput({ outputError: () => undefined, writeErr: () => undefined });
}

/**
 * Parses the arguments (without node and script) and runs the command that they name. Resolves
 * also where help or the version was asked for, which commander has written to stdout then.
 * Throws a UsageError of one line for wrong usage, and whatever the command throws.
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
