/** All messages of the program: the texts in its source, with gaps for values. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './pages.ts';

/** The texts of a message. There is a value between each two of them. */
type Sentence = readonly string[];

/** The minimum length of a text. Shorter texts do not distinguish one message from another. */
const leastLength = 12;

/** Whether a complete line is a message of the program or of an admission policy. */
export function canBeSaid(line: string): boolean {
  return patterns().some((pattern) => pattern.test(line));
}

let known: RegExp[] | undefined;

function patterns(): RegExp[] {
  known ??= [...programTexts(), ...policyTexts()]
    .filter((texts) => texts.join('').length >= leastLength)
    .map((texts) => new RegExp(`^${texts.map(RegExp.escape).join('.*')}$`));
  return known;
}

function programTexts(): Sentence[] {
  const files = globSync('{jobs,handler,lib}/**/*.ts', { cwd: root });
  return files.flatMap((file) => textsIn(readFileSync(join(root, file), 'utf8')));
}

/** The messages of the admission policies. The API server adds a text before each of them. */
function policyTexts(): Sentence[] {
  const files = globSync('manifests/chart/admission-policies/*.yaml', { cwd: root });
  return files.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/message: "([^"]*)"/g)].map(
      ([, message = '']) => ['', message, ''],
    ),
  );
}

/**
 * The string and template literals of a source text, including the literals inside other templates.
 */
export function textsIn(source: string): Sentence[] {
  return scan(source).texts;
}

/** The comments of a source text. */
export function commentsIn(source: string): string[] {
  return scan(source).comments;
}

function scan(source: string): { readonly texts: Sentence[]; readonly comments: string[] } {
  const found: Sentence[] = [];
  const comments: string[] = [];
  let at = 0;

  function quoted(quote: string): string {
    let text = '';
    for (at += 1; at < source.length && source[at] !== quote; at += 1) {
      if (source[at] === '\\') at += 1;
      text += source[at];
    }
    at += 1;
    return text;
  }

  function template(): void {
    const texts = [''];
    for (at += 1; at < source.length && source[at] !== '`'; ) {
      if (source.startsWith('${', at)) {
        at += 2;
        code('}');
        texts.push('');
      } else {
        if (source[at] === '\\') at += 1;
        texts.push(`${texts.pop()}${source[at]}`);
        at += 1;
      }
    }
    at += 1;
    found.push(texts);
  }

  function regularExpression(): void {
    let inClass = false;
    for (at += 1; at < source.length && (inClass || source[at] !== '/'); at += 1) {
      if (source[at] === '\\') at += 1;
      else if (source[at] === '[') inClass = true;
      else if (source[at] === ']') inClass = false;
    }
    at += 1;
  }

  /** Reads code up to the closing brace that ends a placeholder, or to the end of the source. */
  function code(end: '}' | undefined): void {
    let depth = 0;
    let before = '';
    while (at < source.length) {
      const here = source[at] ?? '';
      const comment = source.startsWith('//', at) ? '\n' : source.startsWith('/*', at) ? '*/' : '';
      if (comment !== '') {
        const start = at;
        at = after(comment);
        comments.push(source.slice(start, at));
        continue;
      }
      if (here === "'" || here === '"') found.push([quoted(here)]);
      else if (here === '`') template();
      else if (here === '/' && /[=(,:[!&|?{};>]|^$/.test(before)) regularExpression();
      else {
        at += 1;
        if (here === '{') depth += 1;
        if (here === '}') {
          if (depth === 0 && end === '}') return;
          depth -= 1;
        }
      }
      if (here.trim() !== '') before = here;
    }
  }

  function after(mark: string): number {
    const index = source.indexOf(mark, at);
    return index < 0 ? source.length : index + mark.length;
  }

  code(undefined);
  return { texts: found, comments };
}
