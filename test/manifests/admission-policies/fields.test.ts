/**
 * The requests that the shipped admission policies deny to the real token of the shipped ServiceAccount. RBAC
 * allows it everything here, so that only the policies deny. Each field in the API server's schema is changed,
 * one by one.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import pLimit from 'p-limit';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { hasKubectl, rollouts, testCluster } from '../../../tools/control-plane/testing.ts';
import { recordAnnotation } from '../../handler/ownership/stage.ts';
import {
  hashAnnotation,
  prefix,
  sourcesAnnotation,
  type WorkloadKind,
  workloadKinds,
} from '../../handler/run-pass.ts';
import { schemasOf } from '../every-change.ts';
import { type RestrictedAccount, refusedBy, restrictedAccount } from './account.ts';
import { richSource, richWorkload } from './objects.ts';

const { api } = testCluster();
const skip = hasKubectl() ? false : 'there is no kubectl';
const sourceKinds = ['ConfigMap', 'Secret'] as const;
type Kind = WorkloadKind | (typeof sourceKinds)[number];
const isWorkload = (kind: string): kind is WorkloadKind =>
  workloadKinds.some((each) => each === kind);

const at = ({ kind, metadata }: KubernetesObject) =>
  path(kind as Kind, metadata.namespace, metadata.name);

const counted = 'deprecated.daemonset.template.generation';

/**
 * The object without the fields that the API server itself maintains, and without the status, which has its own
 * endpoint.
 */
function comparable({ metadata, status: _, ...object }: KubernetesObject): string {
  const { managedFields: __, resourceVersion: ___, generation: ____, ...kept } = metadata;
  const { [counted]: _____, ...annotations } = kept.annotations ?? {};
  return JSON.stringify({ ...object, metadata: { ...kept, annotations } });
}

/** The object after the controllers have finished writing to it. */
async function settled(object: KubernetesObject): Promise<KubernetesObject> {
  const { kind, metadata } = object;
  if (!isWorkload(kind)) return api.get(at(object));
  await rollouts(kind, metadata.namespace ?? '', metadata.name);
  const revision = 'deployment.kubernetes.io/revision';
  const live = await api.waitFor(
    at(object),
    (it) => kind !== 'Deployment' || it?.metadata.annotations?.[revision] !== undefined,
  );
  assert.ok(live);
  return live;
}

/** Rules that check the value of a field, and do not deny the field itself. */
const ofValues = ['values', 'record'];

/** The results of all changes: each field is in one of the lists. */
type Taken = {
  refused: string[];
  /** The rules that denied a change. */
  rules: Set<string>;
  letThrough: string[];
  /** Fields without a change that is valid and has an effect. */
  unchangeable: string[];
};

/** Tries all changes of each field. The API server validates a change before it asks the admission policies. */
async function changeEverything({ api: account }: RestrictedAccount, object: KubernetesObject) {
  const { status: _, ...live } = await settled(object);
  const { managedFields: __, resourceVersion: ___, ...metadata } = live.metadata;
  const whole = { ...live, metadata };
  const schemas = await schemasOf(api, object.apiVersion === 'v1' ? 'api/v1' : 'apis/apps/v1');
  const taken: Taken = { refused: [], rules: new Set(), letThrough: [], unchangeable: [] };
  const inKind = ({ field }: { field: string }) => !/^(status|kind|apiVersion)\b/.test(field);
  const changes = Map.groupBy(schemas.changes(whole).filter(inKind), ({ field }) => field);
  const limit = pLimit(8);
  const change = async (field: string, tries: KubernetesObject[]): Promise<void> => {
    let isRefused = false;
    for (const changed of tries) {
      let result: KubernetesObject | undefined;
      const refusal = await refusedBy(async () => {
        result = await account.replace(`${at(live)}?dryRun=All&fieldManager=wave-cron`, changed);
      });
      const rule = /wave-cron admission policy \(([a-z ]+)\)/.exec(refusal ?? '')?.[1];
      if (rule !== undefined) {
        taken.rules.add(rule);
        isRefused = true;
        // The policies may allow another value of this field.
        if (ofValues.includes(rule)) continue;
        break;
      }
      if (result !== undefined && comparable(result) !== comparable(live)) {
        taken.letThrough.push(field);
        return;
      }
    }
    (isRefused ? taken.refused : taken.unchangeable).push(field);
  };
  await Promise.all(
    [...changes].map(([field, all]) =>
      limit(() =>
        change(
          field,
          all.map((each) => each.object),
        ),
      ),
    ),
  );
  return taken;
}

/** Fields near the root of the object (those that the policies distinguish) of which the policies denied no change. */
function untouched({ refused, unchangeable }: Taken): string[] {
  const shallow =
    /^(metadata|spec(\.template(\.(metadata|spec(\.containers\[\])?))?)?)?\.?[a-zA-Z]+$/;
  const isPart = (field: string) => (other: string) =>
    other.startsWith(field) && !/^[a-zA-Z]/.test(other.slice(field.length));
  return unchangeable.filter((field) => shallow.test(field) && !refused.some(isPart(field))).sort();
}

/** Fields that no request can change, with any account. */
const fixed = [
  // The API server maintains these. It ignores their values in a request, or uses them for its own record.
  ...['creationTimestamp', 'deletionGracePeriodSeconds', 'deletionTimestamp', 'generation'],
  ...['managedFields', 'name', 'namespace', 'resourceVersion', 'uid'],
].map((field) => `metadata.${field}`);
const fixedOf: Record<Kind, readonly string[]> = {
  Deployment: [],
  StatefulSet: ['spec.podManagementPolicy', 'spec.serviceName', 'spec.volumeClaimTemplates'],
  DaemonSet: [],
  ConfigMap: [],
  Secret: ['type'],
};
/** Fields of a Pod that are not valid in a template, or only with other fields or in other clusters. */
const notOfATemplate = [
  ...['activeDeadlineSeconds', 'ephemeralContainers', 'resourceClaims', 'restartPolicy'],
  ...['serviceAccount', 'containers[].resizePolicy', 'containers[].volumeDevices'],
  ...['containers[].restartPolicy', 'containers[].restartPolicyRules'],
].map((field) => `spec.template.spec.${field}`);

const own = [
  ...[
    `${prefix}/adopted`,
    recordAnnotation,
    `${prefix}/pending-config`,
    `${prefix}/rollout-history`,
    `${prefix}/written-hash`,
  ].map((name) => `metadata.annotations.${name}`),
  ...[hashAnnotation, sourcesAnnotation].map(
    (name) => `spec.template.metadata.annotations.${name}`,
  ),
];

suite('the admission policies', { skip, concurrency: 2 }, () => {
  let account: RestrictedAccount;
  const cleanups: (() => unknown)[] = [];
  before(async () => {
    const atTheEnd = { after: (cleanup: () => unknown) => cleanups.push(cleanup) };
    account = await restrictedAccount(atTheEnd, { wide: true });
  });
  after(async () => {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  });

  for (const kind of workloadKinds) {
    test(`allow changes of the annotations of wave-cron on a ${kind}, and of no other field`, async () => {
      const object = await api.create(richWorkload(kind, account.namespace));
      const taken = await changeEverything(account, object);
      assert.deepEqual(
        taken.letThrough.sort(),
        // The record must stay as long as the finalizer is there.
        own
          .flatMap((field) => [field, `${field} taken away`])
          .filter((field) => field !== `metadata.annotations.${recordAnnotation} taken away`),
      );
      assert.deepEqual(untouched(taken), [...fixed, ...fixedOf[kind], ...notOfATemplate].sort());
      assert.ok(taken.refused.length > 300, `${taken.refused.length} fields`);
      assert.deepEqual([...taken.rules].sort(), [
        ...['annotations', 'finalizers', 'managers', 'metadata', 'pod', 'record', 'spec'],
        ...['template annotations', 'template metadata', 'values'],
      ]);
    });
  }

  for (const kind of sourceKinds) {
    test(`allow no change of any field of a ${kind}`, async () => {
      const object = await api.create(richSource(kind, account.namespace));
      const taken = await changeEverything(account, object);
      assert.deepEqual(taken.letThrough, []);
      // Entries of managedFields are protected as well, because they show who wrote an owner reference.
      const all = [...fixed, ...fixedOf[kind]].filter((it) => it !== 'metadata.managedFields');
      assert.deepEqual(untouched(taken), all.sort());
      // Two policies deny the same owner references. Either of them may be the one that the API server reports.
      const ofOwners = new Set(['loss', 'owners added']);
      assert.ok(!taken.rules.isDisjointFrom(ofOwners));
      const others = taken.rules.difference(ofOwners);
      assert.deepEqual([...others].sort(), ['claims', 'content', 'metadata']);
    });
  }
});
