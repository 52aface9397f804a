/** The user removes all policies and corrects all values. After that, no workload may be held. */
import { setTimeout as sleep } from 'node:timers/promises';
import { path } from '../../../tools/control-plane/api.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import type { Channel } from './channel.ts';
import { goodPass } from './check.ts';
import { crashes } from './crashes.ts';
import { isHold } from './holds.ts';
import { sourceValue } from './model.ts';
import { badValue, sourceNames } from './names.ts';
import { liftPolicies } from './policies.ts';
import { act } from './user.ts';
import type { Walk } from './walk.ts';

export async function lift(here: Walk, channels: Channel[]): Promise<void> {
  await liftPolicies(here.user);
  await correctValues(here);
  await goodPass(here, channels);
  await deleteBrokenPods(here);
  // A failed rollout stops other rollouts until it is complete.
  for (let left = 60; left > 0 && here.lastReport?.outcomes.some(isHold); left--) {
    await sleep(500);
    await goodPass(here, channels);
  }
}

async function correctValues({ user }: Walk): Promise<void> {
  for (const [source, { kind }] of sourceNames.entries()) {
    if (user.model.sources[source]?.data['x'] !== sourceValue(kind, badValue)) continue;
    await act(user, { do: 'write source', source, x: 0, y: null });
  }
}

/** A StatefulSet waits for a broken Pod even after the correction: kubernetes#67250. */
async function deleteBrokenPods({ agent, namespace }: Walk): Promise<void> {
  const { api } = testCluster();
  type Pods = Parameters<typeof crashes>[0];
  for (const pod of await api.list<Pods>(path('Pod', namespace))) {
    const started = agent?.startedWith(pod.metadata.uid);
    if (started === undefined || !crashes(pod, started.sources)) continue;
    await api.delete(path('Pod', namespace, pod.metadata.name));
  }
}
