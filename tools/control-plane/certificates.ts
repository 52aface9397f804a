/**
 * X.509 certificates for one temporary control plane: an authority, a serving certificate, and
 * client certificates, including an expired one. All use EC P-256 and SHA-256.
 *
 * The DER encoding is written here, because Node's crypto can only read certificates, and the
 * libraries that write them have no strict types.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate and its private key, both PEM. */
export type KeyPair = { certificate: string; key: string };

export type Subject = { commonName: string; organizations?: readonly string[] };

export type Validity = { notBefore?: Date; notAfter?: Date };

const dayMs = 24 * 3600 * 1000;

const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
  dnsName: 0x82,
  ipAddress: 0x87,
  version: 0xa0,
  extensions: 0xa3,
} as const;

const oid = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

// Bits are numbered from the most significant one: digitalSignature is bit 0, keyCertSign 5, cRLSign 6.
const digitalSignature = 0x80;
const certSignAndCrlSign = 0x06;

function der(type: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([type, body.length]), body]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  const digits = length.subarray(length.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.from([type, 0x80 | digits.length]), digits, body]);
}

const bytes = (...values: readonly number[]) => Buffer.from(values);

const sequence = (...content: readonly Buffer[]) => der(tag.sequence, ...content);

const bits = (content: Buffer, unused = 0) => der(tag.bitString, bytes(unused), content);

function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const encoded = [first * 40 + second, ...rest].flatMap((part) => {
    const digits = [part & 0x7f];
    for (let left = part >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
    return digits;
  });
  return der(tag.objectIdentifier, Buffer.from(encoded));
}

function name({ commonName, organizations = [] }: Subject): Buffer {
  const attribute = (type: string, value: string) =>
    der(tag.set, sequence(objectIdentifier(type), der(tag.utf8String, Buffer.from(value))));
  return sequence(
    ...organizations.map((organization) => attribute(oid.organization, organization)),
    attribute(oid.commonName, commonName),
  );
}

// RFC 5280, 4.1.2.5: years up to 2049 are UTCTime with two digits, later ones GeneralizedTime.
function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/[-:T]|\..*/g, '')}Z`;
  return date.getUTCFullYear() < 2050
    ? der(tag.utcTime, Buffer.from(digits.slice(2)))
    : der(tag.generalizedTime, Buffer.from(digits));
}

function extension(type: string, value: Buffer, critical = false): Buffer {
  const flag = critical ? [der(tag.boolean, bytes(0xff))] : [];
  return sequence(objectIdentifier(type), ...flag, der(tag.octetString, value));
}

function alternativeName(host: string): Buffer {
  if (isIP(host) === 4) return der(tag.ipAddress, Buffer.from(host.split('.').map(Number)));
  return der(tag.dnsName, Buffer.from(host));
}

type Issuer = { subject: Subject; key: string };

function issue(
  subject: Subject,
  { notBefore = new Date(Date.now() - dayMs), notAfter = new Date(Date.now() + 365 * dayMs) },
  extensions: readonly Buffer[],
  issuer?: Issuer,
): KeyPair {
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const algorithm = sequence(objectIdentifier(oid.ecdsaWithSha256));
  // With a leading 0x01, the number is positive and always has the same length.
  const serial = der(tag.integer, bytes(0x01), randomBytes(15));
  const toBeSigned = sequence(
    der(tag.version, der(tag.integer, bytes(2))),
    serial,
    algorithm,
    name(issuer?.subject ?? subject),
    sequence(time(notBefore), time(notAfter)),
    name(subject),
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    der(tag.extensions, sequence(...extensions)),
  );
  const signature = sign('sha256', toBeSigned, createPrivateKey(issuer?.key ?? key));
  const certificate = sequence(toBeSigned, algorithm, bits(signature));
  return { certificate: new X509Certificate(certificate).toString(), key };
}

const authoritySubject: Subject = { commonName: 'wave-cron test authority' };

/** A new self-signed authority. */
export function createAuthority(): KeyPair {
  return issue(authoritySubject, {}, [
    extension(oid.basicConstraints, sequence(der(tag.boolean, bytes(0xff))), true),
    extension(oid.keyUsage, bits(bytes(certSignAndCrlSign), 1), true),
  ]);
}

/** A serving certificate of the authority for host names and IPv4 addresses. */
export function serverCertificate(authority: KeyPair, hosts: readonly string[]): KeyPair {
  const subject = { commonName: hosts[0] ?? 'localhost' };
  const extensions = [
    extension(oid.keyUsage, bits(bytes(digitalSignature), 7), true),
    extension(oid.extKeyUsage, sequence(objectIdentifier(oid.serverAuth))),
    extension(oid.subjectAltName, sequence(...hosts.map(alternativeName))),
  ];
  return issue(subject, {}, extensions, { subject: authoritySubject, key: authority.key });
}

/**
 * A client certificate of the authority. For Kubernetes, `commonName` is the user and
 * `organizations` are the groups.
 */
export function clientCertificate(authority: KeyPair, subject: Subject & Validity): KeyPair {
  const extensions = [
    extension(oid.keyUsage, bits(bytes(digitalSignature), 7), true),
    extension(oid.extKeyUsage, sequence(objectIdentifier(oid.clientAuth))),
  ];
  return issue(subject, subject, extensions, { subject: authoritySubject, key: authority.key });
}

/**
 * A private key for signing service account tokens, and the public key for checking them. Both are
 * PEM.
 */
export function tokenSigningKey(): { privateKey: string; publicKey: string } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
  };
}
