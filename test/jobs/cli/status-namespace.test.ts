import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { statusNamespace } from '../../../jobs/cli/status-namespace.ts';
import { UsageError } from '../../../lib/errors.ts';
import type { Origin } from '../../../lib/settings/origin.ts';

const context = (origins: Readonly<Record<string, Origin>> = {}, namespace?: string) => ({
  origins: new Map(Object.entries(origins)),
  wiring: { connection: { namespace } },
});
const ofInstallation: Origin = { kind: 'installation', text: 'CronJob wave-cron/wave-cron' };

suite('the namespace to show', () => {
  test('is the one of -n, else the one of the context, else default', () => {
    assert.equal(statusNamespace({ namespace: 'shop' }, context({}, 'mine')), 'shop');
    assert.equal(statusNamespace({}, context({}, 'mine')), 'mine');
    assert.equal(statusNamespace({}, context()), 'default');
    assert.throws(() => statusNamespace({ namespace: 'Shop' }, context()), UsageError);
  });

  test('are all of the settings with -A, or if the caller chooses namespaces', () => {
    assert.equal(statusNamespace({ allNamespaces: true }, context({}, 'mine')), undefined);
    for (const kind of ['flag', 'variable'] as const) {
      for (const path of ['namespaces', 'namespaceSelector']) {
        assert.equal(statusNamespace({}, context({ [path]: { kind } }, 'mine')), undefined);
      }
    }
    const installed = context({ namespaces: ofInstallation }, 'mine');
    assert.equal(statusNamespace({}, installed), 'mine');
  });
});
