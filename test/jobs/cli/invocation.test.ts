import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programName } from '../../../jobs/cli/invocation.ts';

test('the program has the name that the caller used', () => {
  const plugin = 'kubectl wave-cron';
  assert.equal(programName('/usr/local/bin/kubectl-wave_cron'), plugin);
  assert.equal(programName('/app/dist/kubectl-wave_cron.js'), plugin);
  for (const script of ['/usr/local/bin/wave-cron', '/app/dist/wave-cron.js', undefined]) {
    assert.equal(programName(script), 'wave-cron');
  }
});
