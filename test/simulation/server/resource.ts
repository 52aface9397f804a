import type { JsonMap } from './json.ts';
import type { Shape } from './shape.ts';
import type { Fault } from './status.ts';

/** A resource of the API, with its own rules. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  readonly shape: Shape;
  /** Whether a name must be a label, without dots. */
  readonly hasLabelAsName?: true;
  /** Converts an object of a request into the stored form, with defaults. */
  decode(object: JsonMap): JsonMap;
  /** Sets the fields that a client cannot set. */
  prepareCreate?(object: JsonMap): JsonMap;
  prepareUpdate?(object: JsonMap, before: JsonMap): JsonMap;
  validate?(object: JsonMap): Fault[];
  /** @param raw the object of the request, before `decode` */
  validateUpdate?(object: JsonMap, before: JsonMap, raw: JsonMap): Fault[];
  /** Whether it has a status that only requests to the subresource change. */
  readonly hasStatus: boolean;
  /** Other fields that requests to the status subresource cannot change. */
  readonly keptByStatus?: readonly (readonly string[])[];
  /** Whether an update must contain the version that it replaces. */
  readonly needsVersion?: true;
  /** Whether an update of an object that does not exist creates it. */
  readonly createsOnUpdate?: true;
  /** The group in messages about invalid objects, if it differs. */
  readonly groupOfFaults?: string;
  /** An annotation that responses with only the metadata do not contain. */
  readonly hiddenAnnotation?: string;
  /** Whether a finalizer may have any name. */
  readonly hasAnyFinalizers?: true;
  /** Whether a deletion ignores dependents: it neither waits for them nor orphans them. */
  readonly isNoOwner?: true;
  /** Whether the response to a deletion is the deleted object. */
  readonly returnsDeleted?: true;
  /** Whether a deletion gives the object a grace period. */
  readonly isGraceful?: true;
}

export const apiVersionOf = ({ group, version }: Pick<Resource, 'group' | 'version'>): string =>
  group === '' ? version : `${group}/${version}`;
