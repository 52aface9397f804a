/** Names this process. Without a Pod, for example in a shell, the host name is used. */
export interface ProcessName {
  readonly podName: string | undefined;
  readonly podUid: string | undefined;
  readonly hostName: string;
}

/**
 * A number from 0 up to but not including 1, like Math.random. It need not be secure, because the
 * identity is not a secret.
 */
export type Random = () => number;

/**
 * The holder identity in a Lease: `<pod>_<uid>_<random>` or `<host>_<random>`.
 *
 * Each call returns a new identity. So if a record contains the identity, the caller itself wrote
 * the record. No earlier pass of this process and no process on another host with the same name can
 * have written it.
 */
export function leaseIdentity(name: ProcessName, random: Random): string {
  const token = [random(), random()]
    .map((part) =>
      Math.floor(part * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    )
    .join('');
  return [name.podName ?? name.hostName, name.podUid, token]
    .filter((part) => part !== undefined && part !== '')
    .join('_');
}
