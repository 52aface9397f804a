/**
 * What an API server says when it refuses something about a Secret may quote what is in there: a value
 * that is not valid, an admission webhook's account of the object. So of such sentences only those are
 * passed on that hold names alone.
 */

const onSecret = /^\/api\/v1\/namespaces\/[^/]+\/secrets(\/|$)/;
const secret = 'secrets( "[^"]*")?';

const harmless = [
  `(${secret}|namespaces "[^"]*") (not found|already exists)$`,
  `${secret} is forbidden($|: User "[^"]*" cannot [a-z]+ resource "[a-z]+" in API group "" (in the namespace "[^"]*"|at the cluster scope).*)`,
  `${secret} is forbidden: exceeded quota: [^"]*$`,
  `${secret} is forbidden: cannot set an ownerRef on a resource you can't delete`,
  `${secret} is forbidden: ValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied request`,
  'admission webhook "[^"]*" denied the request',
  'Internal error occurred: failed calling webhook "[^"]*"',
  `Operation cannot be fulfilled on ${secret}: the object has been modified.*`,
  'etcdserver: [a-z ,]+$',
  'Unauthorized$',
  'the server is currently unable to handle the request$',
  'Too many requests, please try again later\\.?$',
  'Timeout: request did not complete within requested timeout',
].map((pattern) => new RegExp(`^${pattern}`));

/** The sentence, or as much of it as can be shown to anybody; undefined where that is nothing. */
export function redactServerMessage(message: string, path: string): string | undefined {
  if (!onSecret.test(path)) return message;
  for (const pattern of harmless) {
    const [known] = pattern.exec(message) ?? [];
    if (known === message) return message;
    if (known !== undefined) return `${known} (rest redacted)`;
  }
  return undefined;
}
