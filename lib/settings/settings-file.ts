import {
  type Document,
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
} from 'yaml';
import { readBounded } from '../bounded-file.ts';
import type { Layer } from './validate.ts';

/**
 * The maximum size in bytes. A file of this size can contain ten thousand namespaces. The maximum
 * also bounds the time to parse nested brackets, which grows with the square of their number.
 */
const largestFile = 256 * 1024;
const maxAliases = 100;
const tooDeep = 'the values are nested too deeply';

/** The content of a settings file, or the problems of the file as a whole, one line each. */
export type SettingsFile =
  | { readonly layer: Layer }
  | { readonly problems: readonly [string, ...string[]] };

/** Reads a settings file in YAML or JSON (which is YAML too). It checks only the syntax. */
export function readSettingsFile(file: string): SettingsFile {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readBounded(file, largestFile));
  } catch (error) {
    return { problems: [`the settings file ${file} ${unreadable(error)}`] };
  }
  return parseSettings(text, file);
}

/** Parses `text`. Messages name the file `file`. */
export function parseSettings(text: string, file: string): SettingsFile {
  if (text.length > largestFile) {
    return { problems: [`the settings file ${file} ${unreadable(new RangeError())}`] };
  }
  const lines = new LineCounter();
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };

  let document: Document.Parsed;
  let values: unknown;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'error',
      // The check of the parser would compare each pair of keys. For a file full of keys, this
      // would take a minute.
      uniqueKeys: false,
    });
    const broken = syntaxProblem(document, place);
    const [first, ...others] = broken === undefined ? repeatedKeys(document, place) : [broken];
    if (first !== undefined) return { problems: [first, ...others] };
    values = document.toJS({ maxAliasCount: maxAliases });
  } catch (error) {
    return { problems: [`${place(0)}: ${unbuildable(error)}`] };
  }

  values ??= {};
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    const what = Array.isArray(values) ? 'a list' : 'a single value';
    const offset = document.contents?.range[0] ?? 0;
    return {
      problems: [
        `${place(offset)}: the settings must be a mapping of names to values, not ${what}`,
      ],
    };
  }
  return {
    layer: {
      values,
      isTyped: true,
      subject: (path, keys) => `${place(offsetOf(document, keys))}: ${path}`,
      origin: (keys) => {
        const { line, col } = lines.linePos(offsetOf(document, keys));
        return { kind: 'file', file, line, column: col };
      },
    },
  };
}

function unreadable(error: unknown): string {
  if (error instanceof RangeError) return 'is larger than 256 KiB, the limit for a settings file';
  if (error instanceof TypeError) return 'is not UTF-8 text';
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'EISDIR') return 'is a directory; name the file in it';
  if (code === 'EACCES' || code === 'EPERM') return `cannot be read by this user (${code})`;
  return `cannot be read (${code ?? String(error)})`;
}

/**
 * After one syntax error, the parser reports many more errors. Only the first error is meaningful.
 */
function syntaxProblem(
  { errors, warnings }: Document.Parsed,
  place: (offset: number) => string,
): string | undefined {
  const [first] = [...errors, ...warnings];
  if (first === undefined) return undefined;
  const { code, message, pos } = first;
  if (code === 'MULTIPLE_DOCS') {
    return `${place(pos[0])}: a second document begins here; a settings file must have only one`;
  }
  if (message.startsWith('Maximum call stack')) return `${place(pos[0])}: ${tooDeep}`;
  // The message of the parser may quote a part of the file, which may be a URL.
  const why = message.split('\n')[0]?.replaceAll(/\S*\/\/\S*/g, '***');
  return `${place(pos[0])}: not valid YAML or JSON: ${why}`;
}

/**
 * One line for each repeated key of a mapping. If a key is repeated, it is ambiguous which value
 * counts.
 */
function repeatedKeys(document: Document.Parsed, place: (offset: number) => string): string[] {
  const repeated: string[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name)) repeated.push(`${place(startOf(key) ?? 0)}: ${name} is set twice`);
        seen.add(name);
      }
    },
  });
  return repeated;
}

function unbuildable(error: unknown): string {
  if (error instanceof RangeError) return tooDeep;
  const message = error instanceof Error ? error.message : String(error);
  if (message.startsWith('Excessive alias count')) {
    return `the aliases expand to more than ${maxAliases} values`;
  }
  return `not valid YAML or JSON: ${message.split('\n')[0]}`;
}

/**
 * The position of the value at `keys`. If the key is unknown, the result is the position of the key.
 * If the value comes from an alias, the result is the position of the alias.
 */
function offsetOf(document: Document.Parsed, keys: readonly string[]): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const key of keys) {
    if (!isCollection(node)) break;
    if (isMap(node)) {
      const pair = node.items.find((each) => isScalar(each.key) && String(each.key.value) === key);
      offset = startOf(pair?.key) ?? offset;
      node = pair?.value;
    } else {
      node = node.get(Number(key), true);
      offset = startOf(node) ?? offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isCollection(node) ? node.range?.[0] : undefined;
}
