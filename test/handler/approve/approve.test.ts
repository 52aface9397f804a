/**
 * The ways in which writing an approval can fail. What an approval does is tested in
 * test/jobs/commands/approve.test.ts.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type ToApprove, writeApproval } from '../../../handler/approve/approve.ts';
import { WaveCronError } from '../../../lib/errors.ts';
import { ApiError } from '../../../lib/kubernetes/client/api-error.ts';
import { defaultSettings } from '../../../lib/settings/schema.ts';
import { prefix } from '../run-pass.ts';

const hash = 'a'.repeat(64);
const since = '2026-11-30T06:55:00Z';
const held = {
  workload: { kind: 'Deployment', namespace: 'shop', name: 'web' },
  request: {
    ...{ hash, since, reason: 'AwaitingApproval', annotation: `${prefix}/approved-config` },
    ...{ approvedBy: null, hashWrittenAt: null },
  },
  sources: [],
} as const satisfies ToApprove;

const answering = (pending: string | undefined) =>
  writeApproval(held, defaultSettings, async () =>
    pending === undefined ? {} : { annotations: { [`${prefix}/pending-config`]: pending } },
  );

const failing = (message: string, details: Partial<ConstructorParameters<typeof ApiError>[1]>) =>
  writeApproval(held, defaultSettings, async () => {
    throw new ApiError(message, { canRetry: false, ...details });
  }).then(
    () => assert.fail('it was approved'),
    (error: unknown) => {
      assert.ok(error instanceof WaveCronError);
      return [error.exit, error.message];
    },
  );

suite('an approval that was written', () => {
  test('has an effect while the workload is held with the same configuration', async () => {
    assert.equal(await answering(JSON.stringify({ hash, since })), true);
    assert.equal(await answering(JSON.stringify({ hash: 'b'.repeat(64), since })), false);
    assert.equal(await answering('invalid'), false);
    assert.equal(await answering(undefined), false);
  });
});

suite('an approval that could not be written', () => {
  const title = 'Deployment shop/web';

  test('names the permission if the caller lacks it: status 3', async () => {
    const message = 'deployments.apps "web" is forbidden: User "me" cannot patch resource';
    assert.deepEqual(await failing(message, { status: 403 }), [
      3,
      `${title} could not be approved: ${message}; this needs the permission patch on deployments.apps in namespace shop`,
    ]);
  });

  test('names no permission if a policy denies it: status 1', async () => {
    const message =
      "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no";
    assert.deepEqual(await failing(message, { status: 403 }), [
      1,
      `${title} could not be approved: ${message}`,
    ]);
  });

  test('says that the workload was deleted: status 1', async () => {
    const gone = { status: 404, reason: 'NotFound', subject: 'web' };
    assert.deepEqual(await failing('not found', gone), [
      1,
      `${title} was deleted: nothing was approved`,
    ]);
  });

  test('is status 3 if the API server does not answer', async () => {
    for (const details of [{}, { status: 500 }, { status: 503 }]) {
      assert.deepEqual(await failing('no answer', details), [
        3,
        `${title} could not be approved: no answer`,
      ]);
    }
  });
});
