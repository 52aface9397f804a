import { UsageError } from '../../lib/errors.ts';
import {
  builtInKinds,
  isCustomKind,
  listed,
  type WorkloadKind,
  withDefaultKinds,
  workloadEntry,
} from '../../lib/kubernetes/kinds.ts';
import { isNamespaceName, isObjectName } from '../../lib/kubernetes/names.ts';
import { quote } from '../../lib/text/quote.ts';

/**
 * Parses `KIND/NAME` like kubectl: the kind in any case, in singular, plural or short form, with or
 * without its group. Without a group, a built-in kind comes first. Kinds of other APIs are those of
 * the setting `kinds`, and any in the notation `Kind.version.group`.
 *
 * @throws UsageError
 */
export function parseWorkloadArgument(
  text: string,
  kinds: readonly WorkloadKind[],
): {
  readonly kind: WorkloadKind;
  readonly name: string;
} {
  const [written = '', name = '', ...more] = text.split('/');
  const known = withDefaultKinds(kinds);
  const kind =
    known.find((each) => isCalled(each, written.toLowerCase())) ??
    (isCustomKind(written) ? written : undefined);
  if (kind !== undefined && more.length === 0 && isObjectName(name)) return { kind, name };
  const names = known.map((each) => (isCustomKind(each) ? each : each.toLowerCase()));
  const shortNames = known.flatMap((each) => workloadEntry(each).shortNames);
  throw new UsageError(
    `${quote(text)} is not KIND/NAME, such as ${builtInKinds[0]?.toLowerCase()}/web; KIND is ${listed(names, 'or')} (or ${shortNames.join(', ')})`,
  );
}

function isCalled(name: WorkloadKind, written: string): boolean {
  const { kind, group, version, plural, shortNames } = workloadEntry(name);
  return [kind.toLowerCase(), plural, ...shortNames].some((each) =>
    [each, `${each}.${group}`, `${each}.${version}.${group}`].includes(written),
  );
}

/** @throws UsageError */
export function parseNamespaceOption(text: string): string {
  if (isNamespaceName(text)) return text;
  throw new UsageError(
    `-n ${quote(text)} is not a valid namespace name (at most 63 lower-case letters, digits and inner dashes, such as team-a)`,
  );
}
