/** The policies in force in a walk, and the actions of the user who sets them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultSettings, type RolloutSettings } from '../../../lib/settings/schema.ts';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { prefix } from '../../handler/run-pass.ts';
import { policyKeys, type Texts, type Window } from './policy-rule.ts';
import type { PolicyChange, PolicyStep, PolicyUserStep, WindowStep } from './policy-steps.ts';
import type { User } from './user.ts';
import type { WorldClock } from './world-clock.ts';

type Annotations = Readonly<Record<string, string>>;

/** The settings of a walk without policies: rollouts may take as long as they need, and there is no limit. */
const usual: RolloutSettings = {
  ...defaultSettings.rollouts,
  limit: { count: 0, period: '1h' },
  progressDeadline: '7d',
};

export class Policies {
  /** The settings of the passes that start from now on. */
  settings: RolloutSettings = usual;
  /** Whether any policy was set since all policies were removed. */
  isOn = false;
  /** Whether any policy was ever set. */
  wasOn = false;
  readonly #clock: WorldClock;
  readonly #namespace: { began: number; ended: number; texts: Texts }[] = [];

  constructor(clock: WorldClock) {
    this.#clock = clock;
  }

  /** All policies that a pass may have read from the namespace between two times. */
  namespaceTexts(from: number, to: number): readonly Texts[] {
    const all = [{ began: 0, ended: 0, texts: {} }, ...this.#namespace];
    return all
      .filter(({ began }, at) => began <= to && (all[at + 1]?.ended ?? Infinity) >= from)
      .map(({ texts }) => texts);
  }

  async setNamespace(namespace: string, key: string, value: string | null): Promise<void> {
    const began = this.#clock.time();
    const at = path('Namespace', undefined, namespace);
    const { metadata } = await testCluster().api.patch<KubernetesObject>(at, {
      metadata: { annotations: { [annotationOf(key)]: value } },
    });
    const texts = textsOf(metadata.annotations ?? {});
    this.#namespace.push({ began, ended: this.#clock.time(), texts });
  }

  setSetting(change: Partial<RolloutSettings>): void {
    this.settings = { ...this.settings, ...change };
  }

  lift(): void {
    this.settings = usual;
    this.isOn = false;
  }
}

export const annotationOf = (key: string): string => `${prefix}/rollout-${key}`;
export const pendingKey = `${prefix}/pending-config`;
const approvedKey = `${prefix}/approved-config`;
const nowKey = `${prefix}/rollout-now`;
const annotationKeys = [...policyKeys, 'order'] as const;

/** The policy in the annotations of an object. */
export const textsOf = (annotations: Annotations): Texts =>
  Object.fromEntries(annotationKeys.map((key) => [key, annotations[annotationOf(key)]]));

export const approvalsOf = (annotations: Annotations) => ({
  approved: annotations[approvedKey],
  now: annotations[nowKey],
});

/** The policy in the settings. */
export function textsOfSettings({
  paused,
  windows,
  approval,
  settle,
  cooldown,
}: RolloutSettings): Texts {
  return {
    pause: String(paused),
    windows: JSON.stringify(windows),
    ...{ approval, settle, cooldown },
  };
}

/** The settings as flags of the program. */
export function flagsOf(settings: RolloutSettings): string[] {
  const { paused, windows, approval, settle, cooldown, limit } = settings;
  const { progressDeadline, maxConcurrent, maxConcurrentPerNamespace } = settings;
  const flags = {
    ...{ paused, windows: JSON.stringify(windows), approval, settle, cooldown },
    ...{ 'limit-count': limit.count, 'limit-period': limit.period },
    ...{ 'progress-deadline': progressDeadline, 'max-concurrent': maxConcurrent },
    'max-concurrent-per-namespace': maxConcurrentPerNamespace,
  };
  return Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--rollouts-${name}=${value}`],
  );
}

export async function actPolicy(user: User, step: PolicyUserStep): Promise<void> {
  const { policies } = user;
  policies.isOn = true;
  policies.wasOn = true;
  if (step.do === 'approve') return await approve(user, step);
  const { place, change } = step;
  if (place === 'settings') {
    policies.setSetting(settingOf(user, change));
    return;
  }
  const value = textOf(user, change);
  if (place === 'namespace') return await policies.setNamespace(user.namespace, change.key, value);
  await annotate(user, place, { [annotationOf(change.key)]: value });
}

/** Executes a step about policies. `lift` is excluded, because it needs the whole walk. */
export async function takePolicyStep(
  user: User,
  step: Exclude<PolicyStep, { do: 'lift' }>,
): Promise<void> {
  const { policies, clock } = user;
  switch (step.do) {
    case 'time':
      return await clock.leapBetweenSeconds(step.minutes * 60_000);
    case 'rest':
      return await rest(user);
    case 'limits': {
      const { limit, maxConcurrent, perNamespace } = step;
      const { maxConcurrent: _, maxConcurrentPerNamespace: __, ...others } = policies.settings;
      policies.isOn = true;
      policies.wasOn = true;
      policies.settings = {
        ...others,
        limit: { count: limit, period: '1h' },
        ...(maxConcurrent === null ? {} : { maxConcurrent }),
        ...(perNamespace === null ? {} : { maxConcurrentPerNamespace: perNamespace }),
      };
    }
  }
}

/** Removes all policies, but does not correct bad values of sources. */
export async function liftPolicies(user: User): Promise<void> {
  user.policies.lift();
  for (const key of policyKeys) await user.policies.setNamespace(user.namespace, key, null);
  const none = Object.fromEntries(annotationKeys.map((key) => [annotationOf(key), null]));
  for (const place of user.model.workloads.keys()) {
    await annotate(user, place, { ...none, [approvedKey]: null, [nowKey]: null });
  }
}

async function annotate(
  { model, namespace }: User,
  place: number,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> {
  const workload = model.workloads[place];
  if (workload === undefined || workload.deleting) return;
  const at = path(workload.kind, namespace, workload.name);
  await testCluster().api.patch(at, { metadata: { annotations } });
}

async function approve(
  user: User,
  { workload: place, which, now }: Extract<PolicyUserStep, { do: 'approve' }>,
): Promise<void> {
  const workload = user.model.workloads[place];
  if (workload === undefined || workload.deleting) return;
  const at = path(workload.kind, user.namespace, workload.name);
  const { metadata } = await testCluster().api.get(at);
  const pending = metadata.annotations?.[pendingKey];
  const hash =
    which === 'older'
      ? workload.hashes.at(-2)
      : ((pending && (JSON.parse(pending) as { hash: string }).hash) ?? workload.current);
  if (hash === undefined) return;
  await annotate(user, place, { [now ? nowKey : approvedKey]: hash });
}

function settingOf(user: User, change: PolicyChange): Partial<RolloutSettings> {
  const text = textOf(user, change);
  switch (change.key) {
    case 'pause':
      return { paused: text === null || text === 'true' ? text === 'true' : text };
    case 'windows':
      return { windows: JSON.parse(text ?? '[]') };
    case 'approval':
      return { approval: text === 'required' ? text : 'none' };
    case 'order':
      return {};
    default:
      return { [change.key]: text ?? '0s' };
  }
}

function textOf({ clock }: User, { value }: PolicyChange): string | null {
  if (value === null || typeof value === 'string') return value;
  // A time with a fraction of a second differs from the times that the API server writes, so it is not
  // shifted.
  if (typeof value === 'number') return new Date(clock.time() + value * 60_000).toISOString();
  return JSON.stringify(value.map((each) => windowOf(each, clock.time())));
}

function windowOf({ kind, opensIn, lasts, timeZone }: WindowStep, now: number): Window {
  const opens = new Date(now + opensIn * 60_000);
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
  const [hour, minute] = parts.format(opens).split(':').map(Number);
  return { kind, schedule: `${minute} ${hour} * * *`, duration: `${lasts}m`, timeZone };
}

/**
 * Waits until all rollouts have finished or failed, or until controllers have had enough time to report
 * this.
 */
async function rest({ record }: User): Promise<void> {
  await sleep(300);
  for (let left = 40; left > 0; left--) {
    if (!record.isAnyOnItsWay()) return;
    await sleep(200);
  }
}
