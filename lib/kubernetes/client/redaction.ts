/**
 * Redacts messages of an API server about a Secret. A rejection may quote its content, for example
 * an invalid value or the message of an admission webhook. Only messages that consist of names are
 * passed on.
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

/** The message, or its harmless beginning; undefined if nothing may be shown. */
export function redactServerMessage(message: string, path: string): string | undefined {
  if (!onSecret.test(path)) return message;
  for (const pattern of harmless) {
    const [known] = pattern.exec(message) ?? [];
    if (known === message) return message;
    if (known !== undefined) return `${known} (rest redacted)`;
  }
  return undefined;
}
