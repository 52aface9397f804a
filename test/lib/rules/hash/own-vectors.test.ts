import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { SourceKind, WorkloadKind } from '../../../../lib/kubernetes/kinds.ts';
import { annotationKeysOf, ignoreAnnotations } from '../../../../lib/rules/annotations.ts';
import type { Proposal } from '../../../../lib/rules/decision.ts';
import { withoutKey } from '../../../../lib/rules/hash/hash-keys.ts';
import { readSource, type SourceReading } from '../../../../lib/rules/reading.ts';
import { sourceKey } from '../../../../lib/rules/references.ts';
import { readWorkload } from '../../../../lib/rules/workload.ts';
import type { KubernetesObject } from '../../../../tools/control-plane/api.ts';
import { ownHashes, ownObjects, type Written } from '../../../vectors/own/vectors.ts';
import { decide } from '../decided.ts';

const annotations = annotationKeysOf('wave.pusher.com', ['reloader']);
const objects = ownObjects();
const isSource = ({ kind }: KubernetesObject) => kind === 'ConfigMap' || kind === 'Secret';
const workloads = objects.filter(({ spec }) => spec !== undefined);
const hashes = ownHashes();

/** Decides about a workload whose template has the annotations of an earlier version, or none. */
function decided({ kind, metadata, spec }: KubernetesObject, written?: Written | null): Proposal {
  const { template, ...rest } = spec as { template: { metadata: object } };
  const carried = written && {
    annotations: {
      [annotations.configHash]: written.hash,
      [annotations.configSources]: JSON.stringify(written.sources),
    },
  };
  const object = {
    metadata,
    spec: { ...rest, template: { ...template, metadata: { ...template.metadata, ...carried } } },
  };
  const workload = readWorkload(kind as WorkloadKind, object, {
    annotations,
    crossNamespaceReferences: ['vec2'],
    adoption: 'stamp',
  });
  assert.ok(workload);
  const readings = new Map<string, SourceReading>();
  const { configuration } = workload;
  for (const reference of configuration.kind === 'references' ? configuration.references : []) {
    readings.set(sourceKey(reference), { state: 'absent' });
  }
  for (const source of objects.filter(isSource)) {
    const { name, namespace = '' } = source.metadata;
    const sourceKind = source.kind as SourceKind;
    const ignore = ignoreAnnotations(annotations);
    const reading = readSource(sourceKind, source, 'all', ...ignore);
    readings.set(sourceKey({ kind: sourceKind, namespace, name }), reading);
  }
  return decide(workload, readings, withoutKey);
}

/**
 * The annotations that the current version writes for the vector of an earlier version. The record has the
 * resourceVersion of a Secret instead of its digest, and it also has the hash. Without sources, nothing is
 * written.
 */
function asRecordedNow(written: Written | null | undefined): Written | null {
  if (!written || Object.keys(written.sources).length === 0) return null;
  const sources = Object.entries(written.sources).map(([source, digest]) =>
    source.startsWith('Secret/') && digest !== '-' ? [source, '@'] : [source, digest],
  );
  return {
    ...written,
    sources: { hash: written.hash.slice(0, 12), ...Object.fromEntries(sources) },
  };
}

suite('an update of wave-cron restarts nothing in an unchanged cluster', () => {
  for (const object of workloads) {
    const label = `${object.kind}/${object.metadata.name}`;
    const expected = hashes[label];
    test(label, () => {
      const { hashAnnotations } = decided(object);
      const now = hashAnnotations && {
        hash: hashAnnotations.hash,
        sources: JSON.parse(hashAnnotations.sources) as object,
      };
      assert.deepEqual(now ?? null, asRecordedNow(expected));
      if (expected) assert.equal(decided(object, expected).reason, 'UpToDate');
    });
  }

  test('the vectors have the objects of every hash that was ever written', () => {
    const known = workloads.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    assert.deepEqual(Object.keys(hashes).sort(), known.sort());
    assert.equal(new Set(known).size, workloads.length);
  });
});
