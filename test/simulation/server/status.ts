/** The errors of the API server, as objects of kind Status. */
import type { Json, JsonMap } from './json.ts';
import type { Resource } from './resource.ts';

export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

export interface StatusBody {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  readonly details?: JsonMap;
  /** Used for a list whose continue token has expired. */
  readonly metadata?: JsonMap;
}

export class StatusError extends Error {
  readonly body: StatusBody;

  constructor(body: StatusBody) {
    super(body.message);
    this.body = body;
  }
}

/** The name of a resource in messages, such as `deployments.apps`. */
export const qualified = ({ plural, group }: Pick<Resource, 'plural' | 'group'>): string =>
  group === '' ? plural : `${plural}.${group}`;

/** The details of a Status without empty fields. */
export function details(parts: Readonly<Record<string, Json | undefined>>): JsonMap {
  return Object.fromEntries(
    Object.entries(parts).filter(([, value]) => value !== undefined && value !== ''),
  ) as JsonMap;
}

const ofResource = ({ group, plural }: Resource, name: string) =>
  details({ name, group, kind: plural });

export function notFound(resource: Resource, name: string): StatusError {
  const message = `${qualified(resource)} "${name}" not found`;
  return new StatusError({
    ...{ code: 404, reason: 'NotFound', message, details: ofResource(resource, name) },
  });
}

export function alreadyExists(
  resource: Resource,
  name: string,
  { isDeleting }: { readonly isDeleting: boolean },
): StatusError {
  const message = `${isDeleting ? 'object is being deleted: ' : ''}${qualified(resource)} "${name}" already exists`;
  return new StatusError({
    ...{ code: 409, reason: 'AlreadyExists', message, details: ofResource(resource, name) },
  });
}

const changed =
  'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(resource: Resource, name: string, why = changed): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`;
  return new StatusError({
    ...{ code: 409, reason: 'Conflict', message, details: ofResource(resource, name) },
  });
}

export function forbidden(
  resource: Resource,
  name: string,
  why: string,
  causes?: readonly Cause[],
): StatusError {
  const message = `${qualified(resource)} "${name}" is forbidden: ${why}`;
  const { group, plural } = resource;
  return new StatusError({
    ...{ code: 403, reason: 'Forbidden', message },
    details: details({ name, group, kind: plural, causes: causes as Json | undefined }),
  });
}

export function badRequest(message: string): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message });
}

/** One fault in an object, with its field. */
export interface Fault {
  readonly type:
    | 'FieldValueInvalid'
    | 'FieldValueRequired'
    | 'FieldValueTooLong'
    | 'FieldValueForbidden'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate';
  readonly field: string;
  /** The message without the field. */
  readonly body: string;
}

export const invalidValue = (field: string, value: Json, why: string): Fault => ({
  type: 'FieldValueInvalid',
  field,
  body: `Invalid value: ${JSON.stringify(value)}: ${why}`,
});

export const requiredValue = (field: string, why = ''): Fault => ({
  type: 'FieldValueRequired',
  field,
  body: why === '' ? 'Required value' : `Required value: ${why}`,
});

export const forbiddenValue = (field: string, why: string): Fault => ({
  type: 'FieldValueForbidden',
  field,
  body: `Forbidden: ${why}`,
});

export function invalid(
  { group, kind }: Pick<Resource, 'group' | 'kind'>,
  name: string,
  faults: readonly Fault[],
): StatusError {
  const texts = [...new Set(faults.map(({ field, body }) => `${field}: ${body}`))];
  const all = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const qualifiedKind = group === '' ? kind : `${kind}.${group}`;
  const causes = faults.map(({ type, field, body }) => ({ reason: type, message: body, field }));
  return new StatusError({
    ...{ code: 422, reason: 'Invalid', message: `${qualifiedKind} "${name}" is invalid: ${all}` },
    details: details({ name, group, kind, causes }),
  });
}

/** The error for a patch that cannot be applied. */
export function unprocessable(message: string): StatusError {
  return new StatusError({ code: 422, reason: 'Invalid', message, details: {} });
}

export function expired(message: string, metadata?: JsonMap): StatusError {
  return new StatusError({
    ...{ code: 410, reason: 'Expired', message },
    ...(metadata === undefined ? {} : { metadata }),
  });
}
