import type { JsonMap } from './json.ts';
import type { Shape } from './shape.ts';
import type { Fault } from './status.ts';

/** A resource of the API, with what is special about it. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  readonly shape: Shape;
  /** Whether a name is a label, without dots. */
  readonly hasLabelAsName?: true;
  /** An object from a request as the API server keeps it, with its defaults. */
  decode(object: JsonMap): JsonMap;
  /** Sets what a client cannot set. */
  prepareCreate?(object: JsonMap): JsonMap;
  prepareUpdate?(object: JsonMap, before: JsonMap): JsonMap;
  validate?(object: JsonMap): Fault[];
  /** @param raw as the request has it, before `decode` */
  validateUpdate?(object: JsonMap, before: JsonMap, raw: JsonMap): Fault[];
  /** Whether it has a status that only requests to the subresource change. */
  readonly hasStatus: boolean;
  /** Other fields that requests to the status cannot change. */
  readonly keptByStatus?: readonly (readonly string[])[];
  /** Whether an update must name the version that it replaces. */
  readonly needsVersion?: true;
  /** Whether an update of an object that does not exist creates it. */
  readonly createsOnUpdate?: true;
  /** The group in messages about invalid objects, if it is another one. */
  readonly groupOfFaults?: string;
  /** An annotation that is not a part of the metadata alone. */
  readonly hiddenAnnotation?: string;
  /** Whether a finalizer may have any name. */
  readonly hasAnyFinalizers?: true;
  /** Whether a deletion never waits for its dependents, and never leaves them behind. */
  readonly isNoOwner?: true;
  /** Whether the response to a deletion is the deleted object. */
  readonly returnsDeleted?: true;
  /** Whether Pods of it get time to end. */
  readonly isGraceful?: true;
}

export const apiVersionOf = ({ group, version }: Pick<Resource, 'group' | 'version'>): string =>
  group === '' ? version : `${group}/${version}`;
