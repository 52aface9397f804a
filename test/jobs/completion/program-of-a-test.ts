import { Argument, Command, Option } from 'commander';
import { addSettingFlags } from '../../../jobs/cli/setting-flags.ts';
import { type CommandLine, commandLine } from '../../../jobs/completion/words.ts';

/** A program with commands like those of wave-cron. */
export function testProgram(): Command {
  const program = new Command('wave-cron').version('1.0.0');
  program
    .command('explain')
    .description('Explain why. Writes nothing.')
    .argument('<KIND/NAME>')
    .option('-n, --namespace <name>', 'The namespace.')
    .option('--yes', 'Do not ask.')
    .addOption(new Option('-o, --output <format>').choices(['text', 'json']));
  program.command('completion').addArgument(new Argument('<SHELL>').choices(['bash', 'zsh']));
  program.command('secret', { hidden: true });
  return program;
}

/** The command line with these words. The cursor is at the last one. */
export function lineOf(program: Command, ...words: readonly string[]): CommandLine {
  return commandLine(program, words, addSettingFlags);
}
