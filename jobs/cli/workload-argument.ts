import { UsageError } from '../../lib/errors.ts';
import {
  listed,
  type WorkloadKind,
  workloadEntry,
  workloadKinds,
} from '../../lib/kubernetes/kinds.ts';
import { isNamespaceName, isObjectName } from '../../lib/kubernetes/names.ts';
import { quote } from '../../lib/text/quote.ts';

/**
 * Parses `KIND/NAME` like kubectl: the kind in any case, in singular, plural or short form, with or
 * without its group.
 *
 * @throws UsageError
 */
export function parseWorkloadArgument(text: string): {
  readonly kind: WorkloadKind;
  readonly name: string;
} {
  const [written = '', name = '', ...more] = text.split('/');
  const kind = workloadKinds.find((each) => isCalled(each, written.toLowerCase()));
  if (kind !== undefined && more.length === 0 && isObjectName(name)) return { kind, name };
  const names = workloadKinds.map((each) => each.toLowerCase());
  const shortNames = workloadKinds.flatMap((each) => workloadEntry(each).shortNames);
  throw new UsageError(
    `${quote(text)} is not KIND/NAME, such as ${names[0]}/web; KIND is ${listed(names, 'or')} (or ${shortNames.join(', ')})`,
  );
}

function isCalled(kind: WorkloadKind, written: string): boolean {
  const { group, version, plural, shortNames } = workloadEntry(kind);
  return [kind.toLowerCase(), plural, ...shortNames].some((name) =>
    [name, `${name}.${group}`, `${name}.${version}.${group}`].includes(written),
  );
}

/** @throws UsageError */
export function parseNamespaceOption(text: string): string {
  if (isNamespaceName(text)) return text;
  throw new UsageError(
    `-n ${quote(text)} is not a valid namespace name (at most 63 lower-case letters, digits and inner dashes, such as team-a)`,
  );
}
