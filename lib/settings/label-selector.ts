/** The value of a label, or the key of a label without the prefix. */
const word = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const keyPrefix = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/**
 * Why `text` is not a valid label selector of `kubectl -l`, with the invalid part; undefined if it
 * is valid. Requirements are separated by commas: `key`, `!key`, `key=value`, `key==value`,
 * `key!=value`, `key in (a,b)`, `key notin (a,b)`. An empty text selects everything.
 */
export function labelSelectorProblem(text: string): string | undefined {
  if (text.trim() === '') return undefined;
  for (const requirement of splitOutsideParentheses(text)) {
    const problem = requirementProblem(requirement.trim());
    if (problem !== undefined) return problem;
  }
  return undefined;
}

export type Labels = Readonly<Record<string, string>> | null | undefined;

/**
 * Whether labels match a valid selector, by the rules of the API server. Labels without the key also match
 * `!=` and `notin`.
 */
export function labelMatcher(selector: string): (labels: Labels) => boolean {
  if (selector.trim() === '') return () => true;
  const requirements = splitOutsideParentheses(selector).map((each) => requirementOf(each.trim()));
  return (labels) => requirements.every((isMet) => isMet(labels ?? {}));
}

function requirementOf(text: string): (labels: NonNullable<Labels>) => boolean {
  const [, key = '', operator = '', rest = ''] =
    /^!?\s*([^\s=!(),]+)\s*(==|=|!=|in\b|notin\b)?\s*(.*)$/.exec(text) ?? [];
  const values = rest
    .replace(/^\(|\)$/g, '')
    .split(',')
    .map((value) => value.trim());
  const has = (labels: NonNullable<Labels>): boolean => Object.hasOwn(labels, key);
  const isOne = (labels: NonNullable<Labels>): boolean =>
    has(labels) && values.includes(labels[key] ?? '');
  if (operator === '') return text.startsWith('!') ? (labels) => !has(labels) : has;
  return operator === '!=' || operator === 'notin' ? (labels) => !isOne(labels) : isOne;
}

function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    else if (text[at] === ')') depth -= 1;
    else if (text[at] === ',' && depth <= 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function requirementProblem(requirement: string): string | undefined {
  if (requirement === '') return 'an empty requirement: write one comma between two requirements';

  const absent = /^!\s*([^\s=!(),]+)$/.exec(requirement);
  if (absent !== null) return keyProblem(absent[1] ?? '', requirement);

  const equality = /^([^\s=!(),]+)\s*(?:==|=|!=)\s*([^\s=!(),]*)$/.exec(requirement);
  if (equality !== null) {
    return (
      keyProblem(equality[1] ?? '', requirement) ?? valueProblem(equality[2] ?? '', requirement)
    );
  }

  const set = /^([^\s=!(),]+)\s+(?:in|notin)\s*\(([^()]*)\)$/.exec(requirement);
  if (set !== null) {
    const inside = set[2] ?? '';
    if (inside.trim() === '') return `"${requirement}" needs values between its parentheses`;
    const values = inside.split(',').map((value) => value.trim());
    return values.reduce<string | undefined>(
      (problem, value) => problem ?? valueProblem(value, requirement),
      keyProblem(set[1] ?? '', requirement),
    );
  }

  const exists = /^[^\s=!(),]+$/.exec(requirement);
  if (exists !== null) return keyProblem(requirement, requirement);

  return `"${requirement}" must be key, !key, key=value, key!=value, key in (a,b) or key notin (a,b)`;
}

function keyProblem(key: string, requirement: string): string | undefined {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const name = key.slice(slash + 1);
  if (prefix !== undefined && !(prefix.length <= 253 && keyPrefix.test(prefix))) {
    return `in "${requirement}", "${prefix}" before the slash must be a DNS name`;
  }
  if (name.length <= 63 && word.test(name)) return undefined;
  return `in "${requirement}", the key "${name}" ${madeOf}`;
}

function valueProblem(value: string, requirement: string): string | undefined {
  if (value === '' || (value.length <= 63 && word.test(value))) return undefined;
  return `in "${requirement}", the value "${value}" ${madeOf}`;
}

const madeOf =
  'must be at most 63 letters, digits, dashes, underscores and dots, with a letter or digit at both ends';
