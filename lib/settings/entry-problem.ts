import { nearest } from '../text/nearest.ts';
import { allSettings, type Setting } from './all-settings.ts';
import { allowed } from './allowed.ts';
import { hasConfidentialPart } from './confidential.ts';
import type { ValueSchema } from './schema.ts';

/** The fields that are read in an error of the validator. */
export interface ValueError {
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly parentSchema?: object;
  readonly data?: unknown;
}

/** A problem in a list of mappings, as a clause that follows the name of the setting. */
export interface EntryProblem {
  /** The path of the setting. */
  readonly path: string;
  readonly problem: string;
}

/**
 * What is wrong with a setting that is a list of mappings; undefined for an error of another
 * setting. The result does not show any value, because the entries have secret members.
 *
 * @param keys the path of the invalid value
 */
export function entryProblem(error: ValueError, keys: readonly string[]): EntryProblem | undefined {
  const setting = allSettings.find(
    ({ path, schema }) =>
      hasConfidentialPart(schema) && path.split('.').every((key, depth) => keys[depth] === key),
  );
  if (setting === undefined) return undefined;
  const below = keys.slice(setting.path.split('.').length);
  const [index] = below;
  const entry = index === undefined ? '' : `has a fault in entry ${Number(index) + 1}: `;
  return { path: setting.path, problem: `${entry}${clause(error, setting, below)}` };
}

function clause(
  { keyword, params, parentSchema, data }: ValueError,
  { schema }: Setting,
  [index, member, part]: readonly string[],
): string {
  if (index === undefined) return `is invalid: it must be ${allowed(schema)}`;
  const known = schema.items?.type === 'object' ? Object.keys(schema.items.properties ?? {}) : [];
  if (keyword === 'additionalProperties') return unknownMember(member ?? '', known);
  if (keyword === 'required') return `${String(params['missingProperty'])} is required`;
  if (member === undefined) return `must be a mapping of ${known.join(', ')}`;
  if (keyword === 'uniqueItems' && Array.isArray(data)) return `${member} has the same entry twice`;
  if (keyword === 'minItems') return `${member} must not be empty; omit it for the default`;
  // The `satisfies` of the schema guarantees that the schema of each member has this shape.
  const takes = allowed(parentSchema as ValueSchema);
  return part === undefined
    ? `${member} must be ${takes}`
    : `each entry of ${member} must be ${takes}`;
}

/**
 * A user may have put a URL in the place of a name. So the name is shown only if it is similar to a
 * known name.
 */
function unknownMember(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean ${near}?`;
  return `a member is not known; ${hint}`;
}
