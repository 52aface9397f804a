import { UsageError } from '../../lib/errors.ts';
import type { WorkloadKind } from '../../lib/rules/workload.ts';
import { quote } from '../../lib/text/quote.ts';

const kinds: Readonly<Record<WorkloadKind, readonly string[]>> = {
  Deployment: ['deployment', 'deployments', 'deploy'],
  StatefulSet: ['statefulset', 'statefulsets', 'sts'],
  DaemonSet: ['daemonset', 'daemonsets', 'ds'],
};

const namespaceName = /^(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const objectName = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/**
 * Reads `KIND/NAME` as kubectl has it: the kind in any case, in singular, plural or short, with its
 * group or without.
 *
 * @throws UsageError
 */
export function parseWorkloadArgument(text: string): {
  readonly kind: WorkloadKind;
  readonly name: string;
} {
  const [written = '', name = '', ...more] = text.split('/');
  const known = written.toLowerCase().replace(/(\.v1)?\.apps$/, '');
  for (const [kind, names] of Object.entries(kinds)) {
    if (names.includes(known) && more.length === 0 && objectName.test(name)) {
      return { kind: kind as WorkloadKind, name };
    }
  }
  throw new UsageError(
    `${quote(text)} is not KIND/NAME, such as deployment/web; KIND is deployment, statefulset or daemonset (or deploy, sts, ds)`,
  );
}

/** @throws UsageError */
export function parseNamespaceOption(text: string): string {
  if (namespaceName.test(text)) return text;
  throw new UsageError(
    `-n ${quote(text)} is not a valid namespace name (at most 63 lower-case letters, digits and inner dashes, such as team-a)`,
  );
}
