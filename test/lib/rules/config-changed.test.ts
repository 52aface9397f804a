import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { PodsReading } from '../../../lib/rules/adoption/pods.ts';
import { heldTemplate } from '../../../lib/rules/adoption/record.ts';
import { bindingOf, rolloutOf } from '../../../lib/rules/adoption/rollout.ts';
import { proposeChange } from '../../../lib/rules/config-changed.ts';
import type { Workload } from '../../../lib/rules/workload.ts';
import {
  comparedWith,
  podsCreated,
  someSource,
  templateWith,
  usingSettings,
} from './some-compared.ts';

const before = someSource({ level: 'debug' });
const now = someSource({ level: 'info' });
const template = templateWith(before);
const { hash } = templateWith(now);
const rollout = rolloutOf('Deployment', {});
const pods = (...times: readonly string[]) => podsCreated(rollout.template, ...times);
const ifStale: Partial<Workload> = {
  ...{ restart: 'if-stale', rollout },
  adopted: {
    ...{ template: template.hash ?? '', config: template.hash ?? '' },
    sources: comparedWith(usingSettings({ restart: 'if-stale' }), before).written,
  },
};

const propose = (more: Partial<Workload> = {}, read?: PodsReading) =>
  proposeChange(comparedWith(usingSettings({ template, ...more }), now, read));

suite('a workload whose configuration changed', () => {
  test('is written with the new hash, and the changed source is named', () => {
    const { reason, changed, sentence, hashAnnotations } = propose();
    assert.deepEqual([reason, changed], ['ConfigChanged', ['ConfigMap/settings']]);
    assert.equal(sentence, 'ConfigMap/settings changed');
    assert.equal(hashAnnotations?.hash, hash);
  });

  test('is written with the new hash even if no record shows which source changed', () => {
    const { reason, changed, sentence } = propose({
      template: { hash: template.hash, sources: undefined },
    });
    assert.deepEqual([reason, changed], ['ConfigChanged', []]);
    assert.match(sentence, /^the configuration changed \(.*no record/);
  });

  test('says that the changed source is unknown if the key of its record is unknown', () => {
    const keyed = { key: '11111111', 'ConfigMap/settings': '222222222222' };
    const sources = JSON.stringify({ hash: 'b'.repeat(12), ...keyed });
    const { sentence } = propose({ template: { hash: 'b'.repeat(64), sources } });
    assert.match(sentence, /unknown hash key/);
  });

  test('says that it is paused', () => {
    assert.match(propose({ podsFollow: 'when resumed' }).sentence, /it is paused/);
  });

  test('says which configuration its Pods have if its template has no hash', () => {
    const bare = { template: { hash: undefined, sources: undefined } };
    const adopted = { template: '', config: template.hash ?? '', sources: {} };
    assert.match(propose({ ...bare, adopted }).podsMeanwhile ?? '', /older configuration/);
    assert.equal(propose().podsMeanwhile, undefined);
  });
});

suite('a workload whose configuration changed, with restart: if-stale', () => {
  test('is recorded and not restarted if each Pod was created after the change', () => {
    const { reason, hashAnnotations, adopt } = propose(ifStale, pods('2026-11-30T10:00:00Z'));
    assert.deepEqual([reason, hashAnnotations], ['AlreadyCurrent', undefined]);
    assert.deepEqual(
      [adopt?.template, adopt?.config, adopt?.podTemplate],
      [template.hash, hash, bindingOf('web', rollout)],
    );
  });

  test('is restarted if a Pod was created before the change, and names that Pod', () => {
    const { reason, sentence, adopt } = propose(ifStale, pods('2026-11-30T08:30:00Z'));
    assert.deepEqual([reason, adopt], ['ConfigChanged', undefined]);
    assert.match(sentence, /its Pods may be outdated: Pod web-1-0 was created at/);
  });

  test('is restarted if its Pods were not read', () => {
    assert.equal(propose(ifStale).reason, 'ConfigChanged');
  });

  /** Pods of a rollout under way: one of them still has the earlier template. */
  const rolling: PodsReading = {
    ...(pods('2026-11-30T10:00:00Z') as Extract<PodsReading, { state: 'read' }>),
    replicaSets: [
      ...(pods() as Extract<PodsReading, { state: 'read' }>).replicaSets,
      {
        ...{ uid: 'old', template: 'another', wantsPods: true },
        controller: { kind: 'Deployment', name: 'web', uid: 'web' },
      },
    ],
  };

  test('is held while a rollout is under way, and keeps the record that has ended', () => {
    const observed = { ...ifStale, rollout: { ...rollout, observed: true } };
    const { reason, hashAnnotations, adopt, changed } = propose(observed, rolling);
    assert.deepEqual([reason, hashAnnotations], ['Settling', undefined]);
    assert.deepEqual(changed, ['ConfigMap/settings']);
    assert.deepEqual(
      [adopt?.config, adopt?.podTemplate, Object.keys(adopt?.sources ?? {})[0]],
      [template.hash, heldTemplate, 'ConfigMap/settings'],
    );
  });

  test('is held without a new record if its record has ended before', () => {
    const ended = {
      ...ifStale,
      rollout: { ...rollout, observed: true },
      adoptionEnded: true,
    } as const;
    const { reason, adopt } = propose(ended, rolling);
    assert.deepEqual([reason, adopt], ['Settling', undefined]);
  });

  test('is held without a known configuration of its Pods, if nothing is recorded', () => {
    const withoutPods = { ...rolling, groups: [] };
    const unknown = { hash: template.hash, sources: undefined };
    const observed = { ...ifStale, adopted: undefined, rollout: { ...rollout, observed: true } };
    const { reason, adopt } = propose({ ...observed, template: unknown }, withoutPods);
    assert.deepEqual(
      [reason, adopt?.config, adopt?.podTemplate],
      ['Settling', template.hash, heldTemplate],
    );
    assert.deepEqual(adopt?.sources, { sources: '0' });
    const bare = propose(
      { ...observed, template: { hash: undefined, sources: undefined } },
      withoutPods,
    );
    assert.deepEqual([bare.adopt?.template, bare.adopt?.config], ['', '']);
  });

  test('is judged again if its configuration is that of a record that has ended', () => {
    const adopted = {
      template: template.hash ?? '',
      config: hash ?? '',
      sources: {},
      podTemplate: 'other',
    };
    const { sentence } = propose({ ...ifStale, adopted, adoptionEnded: true });
    assert.match(sentence, /^the pod template changed after/);
    const other = { ...adopted, config: template.hash ?? '' };
    const changed = propose({ ...ifStale, adopted: other, adoptionEnded: true });
    assert.match(changed.sentence, /^ConfigMap\/settings is now referenced/);
  });
});
