/**
 * The configuration with which the Pods of a walk run. The node agent knows the data that each Pod started
 * with.
 */
import type { Outcome } from '../../../lib/rules/report.ts';
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import { type ModelSource, type ModelWorkload, sourceValue } from './model.ts';
import { badValue, sourceNames } from './names.ts';
import type { Walk } from './walk.ts';

const outcomeOf = ({ lastReport }: Walk, { kind, name }: ModelWorkload): Outcome | undefined =>
  lastReport?.outcomes.find((each) => each.kind === kind && each.name === name);

/** Whether the last good pass reported that it no longer writes the hash, so that Pods may be behind. */
export const reverted = (here: Walk, workload: ModelWorkload): boolean =>
  outcomeOf(here, workload)?.reason === 'Reverted';

/**
 * Returns a message for each Pod of an opted-in workload that does not run with the current configuration.
 * Exceptions are
 *
 * - Pods of a paused Deployment: they follow when it is resumed;
 * - Pods with a blocker that the pass reports, such as those of a StatefulSet that waits for a Pod that
 *   cannot start;
 * - Pods that existed when the workload was adopted, if its owner declared them current, or if no time
 *   shows that they are older than a change;
 * - Pods that started after the last hash was recorded: the data that they read was changed back before any
 *   pass read it, and no hash can show this.
 */
export function wrongWithPods(
  here: Walk,
  workload: ModelWorkload,
  pods: readonly KubernetesObject[],
  replicaSets: readonly KubernetesObject[],
): string[] {
  const { kind, name, uid, current, paused, taken, recordedAt, references } = workload;
  if (current === undefined || paused || taken) return [];
  const { agent, ledger } = here;
  const { model } = ledger;
  if (agent === undefined || references.length === 0) return [];
  // With a bad value, the rollout never finishes.
  if (references.some(({ source }) => isBad(model.sources[source], source))) return [];
  if (outcomeOf(here, workload)?.blockers !== undefined) return [];
  const owners = new Set([
    uid,
    ...replicaSets
      .filter((each) => isOwnedBy(each, new Set([uid])))
      .map(({ metadata }) => metadata.uid),
  ]);
  return pods.flatMap(({ metadata, ...pod }) => {
    if (metadata['deletionTimestamp'] !== undefined || !isOwnedBy({ metadata, ...pod }, owners))
      return [];
    const started = agent.startedWith(metadata.uid ?? '');
    if (started === undefined || started.at > recordedAt) return [];
    const dataOf = (place: number) => {
      const { kind, name } = sourceNames[place] ?? sourceNames[0];
      const held = started.sources.get(`${kind}/${name}`);
      return held && Object.fromEntries([...held].map(([key, value]) => [key, value.toString()]));
    };
    const hash = model.hashWith(workload, dataOf);
    return hash === current
      ? []
      : [
          `Pod ${metadata.name} of ${kind}/${name} was started with ${hash?.slice(0, 8)}, and its current configuration is ${current.slice(0, 8)}`,
        ];
  });
}

function isBad(source: ModelSource | undefined, place: number): boolean {
  const { kind } = sourceNames[place] ?? sourceNames[0];
  return source?.data['x'] === sourceValue(kind, badValue);
}

const isOwnedBy = ({ metadata }: KubernetesObject, owners: ReadonlySet<string | undefined>) =>
  metadata.ownerReferences?.some((each) => 'controller' in each && owners.has(each.uid)) === true;
