/** A user who sets rollout policies and approves configurations. */
import { path } from '../../../tools/control-plane/api.ts';
import { type Kubectl, namespaceOf, workloadPath } from './kubectl.ts';
import { badValue, keys, namespaces, policyKey, sources, workloads } from './names.ts';
import type { PolicyValue, UserStep, WindowStep } from './steps.ts';
import { act, sourceValue, type User } from './user.ts';

const policies = ['pause', 'windows', 'approval', 'settle', 'cooldown', 'order'] as const;

export function actPolicy(user: User, step: Extract<UserStep, { do: 'policy' | 'approve' }>): void {
  if (step.do === 'approve') {
    approve(user, step);
    return;
  }
  const { namespace, workload, key } = step;
  const where =
    workload === null
      ? path('Namespace', undefined, namespaceOf(namespace))
      : workloadPath({ namespace, workload });
  user.kubectl.annotate(where, { [policyKey(key)]: textOf(step.value, user.time()) });
}

function textOf(value: PolicyValue, now: number): string | null {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number') return new Date(now + value * 60_000).toISOString();
  return JSON.stringify(value.map((each) => windowOf(each, now)));
}

function windowOf({ kind, opensIn, lasts }: WindowStep, now: number): object {
  const opens = new Date(now + opensIn * 60_000);
  const schedule = `${opens.getUTCMinutes()} ${opens.getUTCHours()} * * *`;
  return { kind, schedule, duration: `${lasts}m`, timeZone: 'UTC' };
}

function approve({ kubectl }: User, step: Extract<UserStep, { do: 'approve' }>): void {
  const where = workloadPath(step);
  const annotations = kubectl.get(where)?.metadata.annotations ?? {};
  const pending = annotations[keys.pending];
  const hash =
    step.which === 'older'
      ? annotations[keys.written]
      : pending && (JSON.parse(pending) as { readonly hash: string }).hash;
  if (hash) kubectl.annotate(where, { [step.now ? keys.now : keys.approved]: hash });
}

/** Removes all policies, and all values that make Pods fail. */
export function liftPolicies(user: User): void {
  const { kubectl } = user;
  const none = Object.fromEntries(policies.map((name) => [policyKey(name), null]));
  for (const namespace of namespaces.keys()) {
    kubectl.annotate(path('Namespace', undefined, namespaceOf(namespace)), none);
    for (const workload of workloads.keys()) {
      const where = workloadPath({ namespace, workload });
      kubectl.annotate(where, { ...none, [keys.approved]: null, [keys.now]: null });
    }
    correct(user, kubectl, namespace);
  }
}

function correct(user: User, kubectl: Kubectl, namespace: number): void {
  for (const [source, { kind, name }] of sources.entries()) {
    const data = kubectl.get(path(kind, namespaceOf(namespace), name))?.data?.['x'];
    const text = kind === 'Secret' ? Buffer.from(data ?? '', 'base64').toString() : data;
    if (text !== sourceValue(kind, badValue)) continue;
    act(user, { do: 'write source', namespace, source, x: 0, y: null });
  }
}
