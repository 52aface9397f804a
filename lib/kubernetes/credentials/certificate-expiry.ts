import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The client certificate of a user of a kubeconfig. */
interface CertificateHolder {
  readonly certFile?: string;
  /** PEM, in base64. */
  readonly certData?: string;
}

/**
 * A hint for an expired client certificate, because the API server returns only a 401 without an
 * explanation.
 */
export function expiryHint({ certFile, certData }: CertificateHolder): string | undefined {
  const pem = certFile ? tryRead(certFile) : certData ? Buffer.from(certData, 'base64') : undefined;
  if (pem === undefined) return undefined;
  try {
    const { validToDate } = new X509Certificate(pem);
    if (validToDate.getTime() > Date.now()) return undefined;
    return `the client certificate expired on ${validToDate.toISOString()}`;
  } catch {
    return 'the client certificate cannot be read';
  }
}

function tryRead(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
