import { expectedError } from '../../lib/errors.ts';
import { type WorkloadKind, workloadEntry } from '../../lib/kubernetes/kinds.ts';
import { type WorkloadName, workloadKey } from '../../lib/kubernetes/names.ts';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import { type Runner, templateOwner, userOf } from '../../lib/rules/template-user.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { ReadContext } from '../context.ts';

/** Whether objects of a kind may have the pod template of another object. */
export function mayUseTemplates(kind: WorkloadKind): boolean {
  return workloadEntry(kind).templateOwner !== undefined;
}

/**
 * The workloads whose Pods have the pod template of another workload, by the owner of the template.
 */
export class TemplateUsers {
  readonly #users = new Map<string, Runner>();
  #isWhole = true;

  note(kind: WorkloadKind, object: WorkloadObject): void {
    const owner = templateOwner(kind, object);
    if (owner !== undefined) this.#users.set(workloadKey(owner), userOf(kind, object));
  }

  /** Some users may be missing. */
  noteMissing(): void {
    this.#isWhole = false;
  }

  /** Returns the user of a template. `unknown`: the template may have a user that could not be read. */
  readonly of = (owner: WorkloadName): Runner | 'unknown' | undefined =>
    this.#users.get(workloadKey(owner)) ?? (this.#isWhole ? undefined : 'unknown');
}

/** Lists the users of the templates of one namespace. */
export async function templateUsersIn(
  namespace: string,
  { kinds }: Settings,
  { cluster, signal }: Pick<ReadContext, 'cluster' | 'signal'>,
): Promise<{ readonly users: TemplateUsers; readonly problem?: string }> {
  const users = new TemplateUsers();
  const wanted = kinds.filter(mayUseTemplates);
  const found = await cluster.findKinds(wanted, signal);
  for (const [kind, { state }] of found) {
    if (state === 'notServed') continue;
    const scope = { namespace, ignoreNamespaces: [], labelSelector: undefined, signal };
    try {
      await cluster.listWorkloads(kind, scope, (page) => {
        for (const object of page) users.note(kind, object);
      });
    } catch (error) {
      users.noteMissing();
      return { users, problem: expectedError(error, signal).message };
    }
  }
  return { users };
}
