import type { Command, Option } from 'commander';

/** A command line up to the cursor, divided into its parts. */
export interface CommandLine {
  /** Undefined: the command itself is not complete yet. */
  readonly command: Command | undefined;
  /** The complete arguments of the command that are not options. */
  readonly operands: readonly string[];
  /** The values of complete options, by long name. */
  readonly values: ReadonlyMap<string, string>;
  readonly current: Current;
}

/** The part at the cursor. */
export type Current =
  | { readonly kind: 'operand'; readonly text: string }
  | { readonly kind: 'option'; readonly text: string }
  /** @param prefix the part of the word before the value: `--output=` */
  | {
      readonly kind: 'value';
      readonly option: Option;
      readonly prefix: string;
      readonly text: string;
    };

/**
 * Divides the words of a command line as commander does.
 *
 * @param words the words after the name of the program. The final word is at the cursor, and may be
 * empty
 * @param prepare adds the options of a command. It is called before they are needed
 */
export function commandLine(
  program: Command,
  words: readonly string[],
  prepare: (command: Command) => void,
): CommandLine {
  const before = words.slice(0, -1);
  const text = words.at(-1) ?? '';
  const at = before.findIndex((word) => !word.startsWith('-'));
  const name = before[at];
  if (name === undefined) {
    const kind = text.startsWith('-') ? 'option' : 'operand';
    return { command: undefined, operands: [], values: new Map(), current: { kind, text } };
  }
  const command = program.commands.find((each) => [each.name(), ...each.aliases()].includes(name));
  if (command === undefined) {
    const current = { kind: 'operand', text } as const;
    return { command: undefined, operands: [name], values: new Map(), current };
  }
  prepare(command);
  const { operands, values, open, isOperandOnly } = divide(command.options, before.slice(at + 1));
  const current = isOperandOnly
    ? ({ kind: 'operand', text } as const)
    : currentOf(command.options, open, text);
  return { command, operands, values, current };
}

function divide(options: readonly Option[], words: readonly string[]) {
  const operands: string[] = [];
  const values = new Map<string, string>();
  /** The option whose value is the next word. */
  let open: Option | undefined;
  let isOperandOnly = false;
  for (const word of words) {
    if (open !== undefined) {
      values.set(open.long ?? '', word);
      open = undefined;
    } else if (isOperandOnly || !word.startsWith('-') || word === '-') operands.push(word);
    else if (word === '--') isOperandOnly = true;
    else {
      const { option, value } = optionIn(options, word);
      if (value !== undefined) values.set(option?.long ?? '', value);
      else if (option?.required === true) open = option;
      else values.set(option?.long ?? word, '');
    }
  }
  return { operands, values, open, isOperandOnly };
}

/** `--name=value`, `-nvalue`, `--name` or `-n`. */
function optionIn(
  options: readonly Option[],
  word: string,
): { readonly option: Option | undefined; readonly value?: string } {
  const [, name = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
  if (value !== undefined) return { option: options.find(({ long }) => long === name), value };
  const named = options.find(({ long, short }) => long === word || short === word);
  if (named !== undefined || word.startsWith('--')) return { option: named };
  const short = options.find((each) => each.short === word.slice(0, 2));
  return short?.required === true ? { option: short, value: word.slice(2) } : { option: short };
}

function currentOf(options: readonly Option[], open: Option | undefined, text: string): Current {
  if (open !== undefined) return { kind: 'value', option: open, prefix: '', text };
  if (!text.startsWith('-')) return { kind: 'operand', text };
  const { option, value } = optionIn(options, text);
  if (option === undefined || value === undefined) return { kind: 'option', text };
  return { kind: 'value', option, prefix: text.slice(0, text.length - value.length), text: value };
}
