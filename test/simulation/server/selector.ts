/** Label selectors in objects, and label and field selectors in requests. */
import { at, isList, type Json, type JsonMap, mapOf, mapsOf, textOf } from './json.ts';
import { badRequest } from './status.ts';

/** Whether a LabelSelector matches labels. */
export function matches(selector: JsonMap, labels: JsonMap): boolean {
  const wanted = Object.entries(mapOf(selector['matchLabels']));
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    mapsOf(selector['matchExpressions']).every((each) => matchesExpression(each, labels))
  );
}

function matchesExpression({ key, operator, values }: JsonMap, labels: JsonMap): boolean {
  const value = labels[textOf(key)];
  const isIn = isList(values) && value !== undefined && values.includes(value as Json);
  switch (operator) {
    case 'In':
      return isIn;
    case 'NotIn':
      return !isIn;
    case 'Exists':
      return value !== undefined;
    default:
      return value === undefined;
  }
}

export type Predicate = (object: JsonMap) => boolean;

const requirement =
  /^\s*(?:(!)\s*([\w./-]+)|([\w./-]+)\s*(?:(==?|!=)\s*([\w.-]*)|\s+(in|notin)\s*\(([^)]*)\))?)\s*(?:,|$)/;

/** Undefined for a selector that matches all objects. */
export function labelPredicate(text: string): Predicate | undefined {
  const tests: ((labels: JsonMap) => boolean)[] = [];
  for (let rest = text.trim(); rest !== ''; ) {
    const found = requirement.exec(rest);
    if (found === null) {
      throw badRequest(
        `unable to parse requirement: found '${rest}', expected: !, identifier, or 'end of string'`,
      );
    }
    tests.push(testOf(found));
    rest = rest.slice(found[0].length);
  }
  if (tests.length === 0) return undefined;
  return (object) => {
    const labels = mapOf(at(object, 'metadata', 'labels'));
    return tests.every((each) => each(labels));
  };
}

function testOf([, not, absent, key, operator, value, set, values]: readonly (
  | string
  | undefined
)[]): (labels: JsonMap) => boolean {
  if (not !== undefined) return (labels) => labels[absent ?? ''] === undefined;
  const name = key ?? '';
  if (set !== undefined) {
    const all = (values ?? '').split(',').map((each) => each.trim());
    const isIn = (labels: JsonMap) => name in labels && all.includes(textOf(labels[name]));
    return set === 'in' ? isIn : (labels) => !isIn(labels);
  }
  if (operator === undefined) return (labels) => labels[name] !== undefined;
  if (operator === '!=') return (labels) => labels[name] !== value;
  return (labels) => labels[name] === value;
}

/** @throws StatusError for a field that the resource does not support */
export function fieldPredicate(
  text: string,
  supported: readonly string[],
  apiVersion: string,
): Predicate | undefined {
  const tests = text
    .split(',')
    .filter((each) => each.trim() !== '')
    .map((each) => {
      const [, field = '', operator = '=', value = ''] = /^(.*?)(==|!=|=)(.*)$/.exec(each) ?? [];
      if (!supported.includes(field)) {
        throw badRequest(
          `Unable to find "${apiVersion}" that match label selector "", field selector "${text}": field label not supported: ${field}`,
        );
      }
      const path = field.split('.');
      const isSame = (object: JsonMap) => textOf(at(object, ...path)) === value;
      return operator === '!=' ? (object: JsonMap) => !isSame(object) : isSame;
    });
  if (tests.length === 0) return undefined;
  return (object) => tests.every((each) => each(object));
}
