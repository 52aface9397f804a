/** Who this process is. Where there is no Pod (a person's shell), the host name stands in. */
export interface ProcessName {
  readonly podName: string | undefined;
  readonly podUid: string | undefined;
  readonly hostName: string;
}

/** A number from 0 up to but not including 1, as Math.random gives: nothing here is a secret. */
export type Random = () => number;

/**
 * The text that says in a Lease who holds it: `<pod>_<uid>_<random>` or `<host>_<random>`.
 *
 * It is new for every call. So a record that carries it was written by the caller itself, and not
 * by an earlier pass of the same process, nor by a namesake on a host that calls itself the same.
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
