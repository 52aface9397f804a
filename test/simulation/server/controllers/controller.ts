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

/** A part of the cluster that acts on what it sees. */
export interface Controller {
  /** Its steps begin with this name and a colon. */
  readonly name: string;
  /** What it would do now, each step as text. */
  pending(): string[];
  run(step: string): void;
  /** Is told of each change. */
  observe?(change: Change): void;
}

export const asController: WriteCall = {
  manager: 'kube-controller-manager',
  user: 'system:kube-controller-manager',
  dryRun: false,
  subresource: '',
};

export const asStatus: WriteCall = { ...asController, subresource: 'status' };

/** A controller tries again later if a write is rejected. */
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

/** Steps with what they do, by their names. */
export function controllerOf(name: string, steps: () => Map<string, () => void>): Controller {
  return {
    name,
    pending: () => [...steps().keys()],
    run: (step) => steps().get(step)?.(),
  };
}

export const metadataOf = ({ object }: Stored): JsonMap => object['metadata'] as JsonMap;
