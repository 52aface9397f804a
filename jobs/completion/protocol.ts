import { cut, printable } from '../../lib/text/printable.ts';
import type { Candidate } from './candidates.ts';

/**
 * The bits that tell a shell how to use the candidates, in the protocol of cobra, the library of
 * kubectl.
 */
const directives = { noSpace: 2, noFiles: 4 } as const;

const longestDescription = 100;

/** The answer that makes the shell complete the names of files. */
export const filesAnswer = ':0\n';

/**
 * The candidates in the protocol of cobra, which kubectl understands too: a line for each, with its
 * description after a tab, and a last line with the directive.
 *
 * @param text the text at the cursor; only candidates that begin with this text are included
 */
export function answerOf(candidates: readonly Candidate[], text: string): string {
  const fitting = candidates.filter(({ word }) => word.startsWith(text));
  const lines = fitting.map(({ word, description = '' }) => {
    const short = cut(printable(firstSentence(description)), longestDescription);
    return short === '' ? printable(word) : `${printable(word)}\t${short}`;
  });
  const isOpen = fitting.some((each) => each.isOpen === true);
  const directive = directives.noFiles + (isOpen ? directives.noSpace : 0);
  return [...lines, `:${directive}\n`].join('\n');
}

function firstSentence(text: string): string {
  return text.split(/\.(?:\s|$)/, 1)[0] ?? '';
}
