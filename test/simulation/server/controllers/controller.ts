import type { Deleter } from '../deleter.ts';
import type { JsonMap } from '../json.ts';
import type { Resource } from '../resource.ts';
import { StatusError } from '../status.ts';
import type { Change, Store, Stored } from '../store.ts';
import type { WriteCall, Writer } from '../writer.ts';

export interface ControllerDeps {
  readonly store: Store;
  readonly writer: Writer;
  readonly deleter: Deleter;
  now(): Date;
}

/** A component of the cluster that reacts to changes. */
export interface Controller {
  /** The names of its steps begin with this name and a colon. */
  readonly name: string;
  /** The names of all steps that the controller could run now. */
  pending(): string[];
  run(step: string): void;
  /** Called after each change in the store. */
  observe?(change: Change): void;
}

export const asController: WriteCall = {
  manager: 'kube-controller-manager',
  user: 'system:kube-controller-manager',
  dryRun: false,
  subresource: '',
};

export const asStatus: WriteCall = { ...asController, subresource: 'status' };

/** Returns undefined if a write is rejected, because a controller tries again later. */
export function tryTo<T>(write: () => T): T | undefined {
  try {
    return write();
  } catch (error) {
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}

export const stepName = (
  controller: string,
  verb: string,
  resource: Resource,
  { namespace, name }: Pick<Stored, 'namespace' | 'name'>,
): string => `${controller}: ${verb} ${resource.kind} ${namespace}/${name}`;

/** A controller whose steps are a map of functions by their names. */
export function controllerOf(name: string, steps: () => Map<string, () => void>): Controller {
  return {
    name,
    pending: () => [...steps().keys()],
    run: (step) => steps().get(step)?.(),
  };
}

export const metadataOf = ({ object }: Stored): JsonMap => object['metadata'] as JsonMap;
