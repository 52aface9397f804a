/**
 * The requests in the table, in the order of the table: how to recognize each request, and how the
 * pass ends if the request fails.
 */
import type { Reason } from '../../../lib/rules/reason.ts';
import type { Script } from '../fault-proxy.ts';
import type { Nature, RowName } from './rows.ts';

/** The end of a pass, as far as the table shows it. */
export type Ending = {
  exit: 0 | 1 | 3;
  /**
   * The reason code of the workload whose request gets the fault; undefined if the pass does not reach that
   * workload.
   */
  reason: Reason | undefined;
  pass?: 'LeaseLost' | undefined;
  /** Whether this pass already writes the hash of that workload. */
  written: boolean;
  /** A remark in the cell. */
  note?: string;
};

export type Column = {
  /** The header of the column. */
  title: string;
  /** The request that gets the fault. `nth` counts the requests that match. */
  script(names: CellNames): Script;
  /** Whether each workload has a request of its own in this column, so that one pass can test all faults. */
  perWorkload: boolean;
  /** Whether the pass with the fault is the first one that sees the workload. */
  adoptionFacts?: true;
  /** The name of the object that a 404 reports as absent. */
  object(names: CellNames): string;
  /** The result without a fault, and with a fault that a retry overcomes. */
  well: Ending;
  /** The result if the fault lasts, or if a retry cannot help. */
  failed: Ending;
  /**
   * The results that differ from `well` and `failed`, by the nature or name of the fault: `once` if only
   * the first attempt gets the fault, `always` if every attempt gets it.
   */
  once?: Partial<Record<Nature | RowName, Ending>>;
  always?: Partial<Record<Nature | RowName, Ending>>;
  /** The path whose response before the change is the stale response. */
  olderPath?(names: CellNames): string;
};

/** The names of the objects of a cell. The workload and its sources have the same name. */
export type CellNames = { namespace: string; web: string; lease: string };

const changed: Ending = { exit: 0, reason: 'ConfigChanged', written: true };
const first: Ending = { exit: 0, reason: 'FirstSeen', written: true };
const unreadable: Ending = { exit: 1, reason: 'UnreadableSource', written: false };
const failed: Ending = { exit: 1, reason: 'Failed', written: false };
const rejected: Ending = { exit: 0, reason: 'Rejected', written: false };
const writtenAndFailed: Ending = { exit: 1, reason: 'Failed', written: true, note: 'hash written' };
const writtenAndLimited: Ending = {
  ...{ exit: 0, reason: 'OwnershipLimited', written: true },
  note: 'hash written',
};
const notListed: Ending = { exit: 1, reason: undefined, written: false, note: 'others handled' };
const refused: Ending = { exit: 3, reason: undefined, written: false };
const deleted: Ending = { exit: 0, reason: 'Deleting', written: false };
const missing: Ending = { exit: 0, reason: 'MissingSource', written: false };
const notSeen: Ending = { exit: 0, reason: 'UpToDate', written: false, note: 'next pass writes' };
const lost: Ending = { exit: 1, reason: undefined, pass: 'LeaseLost', written: false };
const untold: Ending = { ...changed, note: 'event lost' };

const leases = ({ lease }: CellNames) => lease;
const web = ({ web }: CellNames) => web;
const core = ({ namespace }: CellNames) => `/api/v1/namespaces/${namespace}`;
const apps = ({ namespace }: CellNames) => `/apis/apps/v1/namespaces/${namespace}`;

export const columns = {
  list: {
    title: 'list Deployments',
    script: () => ({ verb: 'list', resource: 'deployments' }),
    perWorkload: false,
    object: web,
    well: changed,
    failed: notListed,
    // The patch has the version of the stale list, so it gets a conflict. Then the pass continues as usual.
    once: { stale: changed },
    olderPath: (names) => `${apps(names)}/deployments?labelSelector=cell%3D${names.lease}`,
  },
  page: {
    title: 'list, page 2',
    script: () => ({ verb: 'list', resource: 'deployments', continued: true }),
    perWorkload: false,
    object: web,
    well: changed,
    failed: notListed,
    once: { expired: changed },
    always: { expired: notListed },
  },
  lists: {
    title: 'every list',
    script: () => ({ verb: 'list' }),
    perWorkload: false,
    object: web,
    well: changed,
    failed: refused,
  },
  configMap: {
    title: 'get ConfigMap',
    script: (names) => ({ verb: 'get', resource: 'configmaps', name: names.web }),
    perWorkload: true,
    object: web,
    well: changed,
    failed: unreadable,
    once: { absent: missing, stale: notSeen },
    olderPath: (names) => `${core(names)}/configmaps/${names.web}`,
  },
  secret: {
    title: 'get Secret',
    script: (names) => ({ verb: 'get', resource: 'secrets', name: names.web }),
    perWorkload: true,
    object: web,
    well: changed,
    failed: unreadable,
    once: { absent: missing, stale: notSeen },
    olderPath: (names) => `${core(names)}/secrets/${names.web}`,
  },
  namespace: {
    title: 'get Namespace kube-system',
    script: () => ({ verb: 'get', resource: 'namespaces', name: 'kube-system' }),
    perWorkload: false,
    adoptionFacts: true,
    object: () => 'kube-system',
    well: first,
    failed: writtenAndFailed,
    once: { absent: writtenAndLimited },
  },
  pods: {
    title: 'list Pods (adoption)',
    script: () => ({ verb: 'list', resource: 'pods' }),
    perWorkload: false,
    adoptionFacts: true,
    object: web,
    well: { exit: 0, reason: 'Adopted', written: false, note: 'no restart' },
    failed: { ...first, note: 'restarted to be safe' },
  },
  patch: {
    title: 'patch Deployment',
    script: (names) => ({ verb: 'patch', resource: 'deployments', name: names.web }),
    perWorkload: true,
    object: web,
    well: changed,
    failed,
    once: { absent: deleted, conflict: changed, '422': rejected },
    always: {
      conflict: { exit: 0, reason: 'Conflict', written: false },
      // The first attempt was executed, but the pass never learns of this.
      'answer lost': writtenAndFailed,
      truncated: writtenAndFailed,
      '504, done': writtenAndFailed,
      // The status of the response is enough. The second attempt gets a conflict, and the pass then reads
      // the hash that it wrote itself.
      garbled: changed,
    },
  },
  again: {
    title: 'get Deployment (conflict)',
    script: (names) => ({ verb: 'get', resource: 'deployments', name: names.web }),
    perWorkload: true,
    object: web,
    well: changed,
    failed,
    once: { absent: deleted, stale: changed },
    olderPath: (names) => `${apps(names)}/deployments/${names.web}`,
  },
  mark: {
    title: 'patch ConfigMap (owner)',
    script: (names) => ({ verb: 'patch', resource: 'configmaps', name: names.web }),
    perWorkload: true,
    adoptionFacts: true,
    object: web,
    well: first,
    failed: writtenAndFailed,
    once: { absent: first, conflict: first, '422': writtenAndLimited },
    always: { conflict: writtenAndLimited },
  },
  leaseGet: {
    title: 'get Lease',
    script: () => ({ verb: 'get', resource: 'leases' }),
    perWorkload: false,
    object: leases,
    well: changed,
    failed: refused,
    // The pass assumes that the Lease is absent and creates it, which the API server rejects. Then the pass
    // continues as usual.
    once: { '404': changed, absent: changed },
  },
  leaseCreate: {
    title: 'create Lease',
    script: () => ({ verb: 'create', resource: 'leases' }),
    perWorkload: false,
    object: leases,
    well: changed,
    failed: refused,
    once: { conflict: changed },
    // The first attempt created the Lease. The second one gets a conflict, and its status is enough to
    // recognize this.
    always: { garbled: changed },
  },
  leaseTake: {
    title: 'patch Lease (take)',
    script: () => ({ verb: 'patch', resource: 'leases' }),
    perWorkload: false,
    object: leases,
    well: changed,
    failed: refused,
    once: { '404': changed, absent: changed, conflict: changed },
    // The first attempt took the Lease. The pass then finds its own identity in it.
    always: { garbled: changed },
  },
  leaseRenew: {
    title: 'patch Lease (renew)',
    script: () => ({ verb: 'patch', resource: 'leases', nth: 2 }),
    perWorkload: false,
    object: leases,
    well: changed,
    failed: lost,
    // Even if one renewal fails, the process keeps the Lease for as long as its own clock allows.
    once: { refusal: changed, absent: changed, conflict: changed, expired: changed },
    always: { refusal: lost, absent: lost, conflict: lost, expired: lost },
  },
  leaseRelease: {
    title: 'patch Lease (release)',
    script: () => ({ verb: 'patch', resource: 'leases', nth: 2 }),
    perWorkload: false,
    object: leases,
    well: changed,
    failed: { ...changed, note: 'next pass waits' },
    once: { '404': changed, absent: changed, conflict: changed },
  },
  event: {
    title: 'create Event',
    script: (names) => ({ verb: 'create', resource: 'events', about: names.web }),
    perWorkload: true,
    object: web,
    well: changed,
    failed: untold,
  },
} as const satisfies Record<string, Column>;

export type ColumnName = keyof typeof columns;
export const columnNames = Object.keys(columns) as readonly ColumnName[];
