import { type OncePer, oncePer } from '../../lib/concurrency/once-per.ts';
import { expectedError } from '../../lib/errors.ts';
import { isAbsent } from '../../lib/kubernetes/client/api-error.ts';
import { policyTexts } from '../../lib/rules/rollout-policy/facts.ts';
import type { NamespaceReading } from '../../lib/rules/rollout-policy/holds.ts';
import type { RolloutRules } from '../../lib/rules/rollout-policy/policy-settings.ts';
import type { ReadContext } from '../context.ts';

/**
 * Reads the rollout annotations of each namespace once. If the settings say that these annotations
 * do not count, it reads nothing.
 */
export function namespacePolicies(
  context: ReadContext,
  { namespaceAnnotations }: RolloutRules,
): OncePer<string, NamespaceReading> {
  return oncePer(async (name) =>
    namespaceAnnotations === 'off' ? 'off' : await readPolicy(name, context),
  );
}

async function readPolicy(
  name: string,
  { cluster, reads, annotationKeys, signal }: ReadContext,
): Promise<NamespaceReading> {
  try {
    const read = () => cluster.getNamespace(name, signal);
    const { annotations } = await reads.run(name, read);
    return { texts: policyTexts(annotations ?? {}, annotationKeys) };
  } catch (error) {
    const { message } = expectedError(error, signal);
    // The namespace was deleted together with its workloads, so nothing pauses them.
    return isAbsent(error, name) ? { texts: undefined } : { unreadable: message };
  }
}
