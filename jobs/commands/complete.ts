import type { Command } from 'commander';
import { addSettingFlags } from '../cli/setting-flags.ts';
import { type Wanted, wantedAt } from '../completion/candidates.ts';
import { clusterNames, patienceMs } from '../completion/cluster-names.ts';
import { answerOf, filesAnswer } from '../completion/protocol.ts';
import { type CommandLine, commandLine } from '../completion/words.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Answers a shell that asks which words are possible at the cursor. If the cluster cannot be read,
 * the answer contains no names, and no error is printed, because the user is typing.
 *
 * @param words the words after the name of the program. The final word is at the cursor, and may be
 * empty
 * @returns text in the protocol of cobra
 */
export async function complete(
  program: Command,
  words: readonly string[],
  environment: Environment,
): Promise<string> {
  const line = commandLine(program, words, addSettingFlags);
  const wanted = wantedAt(program, line);
  if (wanted.kind === 'files') return filesAnswer;
  const candidates =
    wanted.kind === 'words' ? wanted.candidates : await inTime(wanted, line, environment);
  return answerOf(candidates, words.at(-1) ?? '');
}

async function inTime(
  wanted: Extract<Wanted, { kind: 'namespaces' | 'workloads' }>,
  line: CommandLine,
  environment: Environment,
) {
  const signal = AbortSignal.timeout(patienceMs);
  // A login program does not end when the signal is aborted.
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    return await Promise.race([clusterNames(wanted, line, environment, signal), late]);
  } catch {
    return [];
  }
}
