import { type WorkloadName, workloadKey } from '../../lib/kubernetes/names.ts';
import { rolloutRulesOf } from '../../lib/rules/rollout-policy/policy-settings.ts';
import type { EarlyScope } from '../../lib/schedule/early-passes.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { NamedWorkloads } from '../pass/named.ts';
import { mayUseTemplates } from '../reading/template-users.ts';
import type { Entry, ReferenceIndex } from './reference-index.ts';

/**
 * Whether a pass may handle some workloads without the other workloads. Selectors need lists, a
 * limit on concurrent rollouts counts the rollouts of all workloads, and only a list says which
 * workloads use the pod template of another workload.
 */
export function mayBePartial(settings: Settings): boolean {
  const { kinds, namespaceSelector, workloadSelector, rollouts, timeZone } = settings;
  const { all, perNamespace } = rolloutRulesOf(rollouts, timeZone).limits;
  const isSelected = namespaceSelector !== '' || workloadSelector !== '';
  if (kinds.some(mayUseTemplates)) return false;
  return !isSelected && all === undefined && perNamespace === undefined;
}

/**
 * The workloads of a partial pass for these requests. Undefined if a full pass is needed.
 *
 * @param parse reads a workload that is not in the index from its key
 */
export function partialScope(
  scope: EarlyScope,
  index: ReferenceIndex,
  parse: (key: string) => WorkloadName | undefined,
): NamedWorkloads | undefined {
  if (scope === 'all' || scope.namespaces.size > 0) return undefined;
  const named = new Map<string, WorkloadName>();
  for (const source of scope.sources) {
    // A workload that references it may have been opted in since the last full pass.
    if (!index.isReferenced(source)) return undefined;
    for (const entry of index.workloadsOf(source)) named.set(workloadKey(entry), nameOf(entry));
  }
  for (const key of scope.workloads) {
    const name = parse(key);
    if (name !== undefined) named.set(key, name);
  }
  const entries = [...index.all];
  const ordered = new Set(entries.flatMap((each) => (each.hasOrder ? [each.namespace] : [])));
  const workloads = [...named.values()];
  if (workloads.some(({ namespace }) => ordered.has(namespace))) return undefined;
  const underWay = (namespace: string) =>
    entries.filter((each) => each.isUnderWay && each.namespace === namespace).map(nameOf);
  return { workloads, underWay };
}

function nameOf({ kind, namespace, name }: Entry): WorkloadName {
  return { kind, namespace, name };
}
