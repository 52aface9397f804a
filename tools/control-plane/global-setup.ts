/**
 * One control plane with an audit log for a complete run of `node --test`:
 *
 *     node --test --test-global-setup=tools/control-plane/global-setup.ts
 *
 * Tests use it through testCluster() in testing.ts. If the variable is already set, tests use the
 * control plane in that folder, and it is not stopped.
 */
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { controlPlaneVariable } from './running-cluster.ts';

let controlPlane: ControlPlane | undefined;
let interrupted = false;

export async function globalSetup(): Promise<void> {
  if (process.env[controlPlaneVariable]) return;
  process.once('SIGINT', () => {
    interrupted = true;
  });
  controlPlane = await startControlPlane({ auditLog: true });
  // The processes of the test files start later and inherit this environment.
  process.env[controlPlaneVariable] = controlPlane.folder;
}

export async function globalTeardown(): Promise<void> {
  // The test runner has set the exit status by now.
  const failed = Boolean(process.exitCode) && !interrupted;
  await controlPlane?.stop({ keepLogs: failed });
}
