import { type ApiResource, sourceEntry, sourceKinds } from '../kinds.ts';
import { listPath } from '../paths.ts';

/**
 * Redacts messages of an API server about a source with secret values. The message of a rejection
 * may quote the content of the source: it may contain an invalid value or the message of an
 * admission webhook. Only messages that consist of names are passed on.
 */
interface Redaction {
  /** Matches the paths of the resource in any namespace. */
  readonly path: RegExp;
  readonly harmless: readonly RegExp[];
}

const redactions: readonly Redaction[] = sourceKinds
  .map(sourceEntry)
  .filter(({ isConfidential }) => isConfidential)
  .map((resource) => ({ path: pathOf(resource), harmless: harmlessAbout(resource) }));

function pathOf(resource: ApiResource): RegExp {
  const [before = '', after = ''] = listPath(resource, '-').split('/-/').map(RegExp.escape);
  return new RegExp(`^${before}/[^/]+/${after}(/|$)`);
}

function harmlessAbout({ group, plural }: ApiResource): RegExp[] {
  const resource = RegExp.escape(group === '' ? plural : `${plural}.${group}`);
  const object = `${resource}( "[^"]*")?`;
  return [
    `(${object}|namespaces "[^"]*") (not found|already exists)$`,
    `${object} is forbidden($|: User "[^"]*" cannot [a-z]+ resource "[a-z]+" in API group "${RegExp.escape(group)}" (in the namespace "[^"]*"|at the cluster scope).*)`,
    `${object} is forbidden: exceeded quota: [^"]*$`,
    `${object} is forbidden: cannot set an ownerRef on a resource you can't delete`,
    `${object} is forbidden: ValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied request`,
    'admission webhook "[^"]*" denied the request',
    'Internal error occurred: failed calling webhook "[^"]*"',
    `Operation cannot be fulfilled on ${object}: the object has been modified.*`,
    'etcdserver: [a-z ,]+$',
    'Unauthorized$',
    'the server is currently unable to handle the request$',
    'Too many requests, please try again later\\.?$',
    'Timeout: request did not complete within requested timeout',
  ].map((pattern) => new RegExp(`^${pattern}`));
}

/**
 * The message, or the beginning of the message that contains no content of the source; undefined if
 * no part may be shown.
 */
export function redactServerMessage(message: string, path: string): string | undefined {
  const redaction = redactions.find((each) => each.path.test(path));
  if (redaction === undefined) return message;
  for (const pattern of redaction.harmless) {
    const [known] = pattern.exec(message) ?? [];
    if (known === message) return message;
    if (known !== undefined) return `${known} (rest redacted)`;
  }
  return undefined;
}
