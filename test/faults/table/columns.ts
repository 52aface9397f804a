/** The requests of the table, in its order: how each is met, and what follows where it fails. */
import type { Reason } from '../../../lib/rules/reason.ts';
import type { Script } from '../fault-proxy.ts';
import type { Nature, RowName } from './rows.ts';

/** What a pass comes to, as far as the table says it. */
export type Ending = {
  exit: 0 | 1 | 3;
  /** Of the workload whose request is harmed; undefined where it is not reached. */
  reason: Reason | undefined;
  pass?: 'LeaseLost' | undefined;
  /** Whether its hash is written by this pass already. */
  written: boolean;
  /** Said in the cell besides. */
  note?: string;
};

export type Column = {
  /** Heads the column. */
  title: string;
  /** The request that is harmed; `nth` is counted over what matches. */
  script(names: CellNames): Script;
  /** Whether each workload has a request of its own, so that one pass can hold all faults. */
  perWorkload: boolean;
  /** Whether the pass is the first that sees the workload. */
  adoptionFacts?: true;
  /** Of which object a 404 would be. */
  object(names: CellNames): string;
  /** Where the fault passes, or there is none. */
  well: Ending;
  /** Where it lasts, or another try is not worth it. */
  failed: Ending;
  /** By nature, where it is not as for other requests; `lasting` where it happens at every try. */
  once?: Partial<Record<Nature | RowName, Ending>>;
  always?: Partial<Record<Nature | RowName, Ending>>;
  /** The path whose answer from before the change is the stale one. */
  olderPath?(names: CellNames): string;
};

/** Objects of a cell: the workload and its sources have one name. */
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
    // Of another version than the patch is for: a conflict, then as ever.
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
      // Done at the first try, and nobody heard of it.
      'answer lost': writtenAndFailed,
      truncated: writtenAndFailed,
      '504, done': writtenAndFailed,
      // The status of an answer says enough: the second try is a conflict, with what it wrote itself.
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
    // Taken for absent, it is made, which the API server refuses; then as ever.
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
    // Made at the first try; the conflict of the second can be told by its status alone.
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
    // As it was made: the Lease is found to be ours.
    always: { garbled: changed },
  },
  leaseRenew: {
    title: 'patch Lease (renew)',
    script: () => ({ verb: 'patch', resource: 'leases', nth: 2 }),
    perWorkload: false,
    object: leases,
    well: changed,
    failed: lost,
    // Whatever was answered: it stays ours as long as the clock says so.
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
