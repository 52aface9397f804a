import type { Argument, Command, Option } from 'commander';
import { builtInKinds } from '../../lib/kubernetes/kinds.ts';
import { allSettings } from '../../lib/settings/all-settings.ts';
import type { SettingSchema } from '../../lib/settings/schema.ts';
import { firstLine } from '../../lib/text/first-line.ts';
import type { CommandLine, Current } from './words.ts';

/** A word that is possible at the cursor. */
export interface Candidate {
  readonly word: string;
  readonly description?: string;
  /** Present if the candidate is only the beginning of a word, so that no space follows. */
  readonly isOpen?: true;
}

/** The kinds of words that are possible at the cursor. */
export type Wanted =
  | { readonly kind: 'words'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'files' }
  /** The names of namespaces, each after the prefix. */
  | { readonly kind: 'namespaces'; readonly prefix: string }
  /** `KIND/NAME`. `writtenKind` is the kind as the user wrote it, such as `deploy`. */
  | { readonly kind: 'workloads'; readonly writtenKind: string };

/** Finds what is possible at the cursor, without reading the cluster. Pure. */
export function wantedAt(program: Command, line: CommandLine): Wanted {
  const { command, operands, current } = line;
  if (current.kind === 'value') return valuesOf(current);
  if (current.kind === 'option') return words(optionNames(command ?? program, line));
  if (command !== undefined) {
    return operandsOf(command.registeredArguments[operands.length], current.text);
  }
  const isFirst = operands.length === 0 || (operands.length === 1 && operands[0] === 'help');
  return words(isFirst ? commandNames(program) : []);
}

function words(candidates: readonly Candidate[]): Wanted {
  return { kind: 'words', candidates };
}

function commandNames(program: Command): Candidate[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => ({ word: command.name(), description: command.description() }));
}

/**
 * If the flag of a list is repeated, its values are added to the list. So such a flag is offered
 * again after it was used.
 */
function optionNames(command: Command, { values, current }: CommandLine): Candidate[] {
  const options = command.createHelp().visibleOptions(command);
  return options.flatMap(({ long, short, description: text }) => {
    if (long == null || (values.has(long) && settingOf(long)?.schema.type !== 'array')) return [];
    const description = firstLine(text);
    const names = current.text === '-' && short != null ? [short, long] : [long];
    return names.map((word) => ({ word, description }));
  });
}

function settingOf(flag: string | undefined) {
  return allSettings.find((each) => each.flag === flag);
}

function operandsOf(argument: Argument | undefined, text: string): Wanted {
  if (argument === undefined) return words([]);
  if (argument.argChoices !== undefined) {
    return words(argument.argChoices.map((word) => ({ word })));
  }
  const [writtenKind = '', ...name] = text.split('/');
  if (name.length > 0) return { kind: 'workloads', writtenKind };
  return words(builtInKinds.map((kind) => ({ word: `${kind.toLowerCase()}/`, isOpen: true })));
}

const filesOf = ['--config', '--kubeconfig'];
const namespaceOf = ['--namespace', '--installation', '--lease-namespace'];
const namespacesOf = ['--namespaces', '--ignore-namespaces', '--cross-namespace-references'];

type AtValue = Extract<Current, { kind: 'value' }>;

function valuesOf({ option, prefix, text }: AtValue): Wanted {
  const { long = '' } = option;
  const setting = settingOf(long);
  // The value is a list: the candidates contain the text up to the last comma.
  const listed = `${prefix}${text.slice(0, text.lastIndexOf(',') + 1)}`;
  if (filesOf.includes(long) || /file$/i.test(setting?.path ?? '')) return { kind: 'files' };
  if (namespaceOf.includes(long)) return { kind: 'namespaces', prefix };
  if (namespacesOf.includes(long)) return { kind: 'namespaces', prefix: listed };
  const choices = choicesOf(option, setting?.schema);
  const before = setting?.schema.type === 'array' ? listed : prefix;
  return words(choices.map((choice) => ({ word: `${before}${choice}` })));
}

function choicesOf({ argChoices }: Option, schema: SettingSchema | undefined): readonly string[] {
  if (argChoices !== undefined) return argChoices;
  if (schema === undefined) return [];
  const { items, type } = schema;
  if ([type].flat().includes('boolean')) return ['true', 'false'];
  const entry = items?.type === 'object' ? undefined : items;
  const choices = schema.enum ?? entry?.enum ?? entry?.examples;
  return choices?.map(String) ?? [];
}
