/**
 * One control plane, with its audit log on, for a whole run of `node --test`:
 *
 *     node --test --test-global-setup=tools/control-plane/global-setup.ts
 *
 * Tests find it by testCluster() of testing.ts. Where the variable is set already, the control plane that
 * it names is used and left alone.
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
  // The processes of the test files are started later, with this environment.
  process.env[controlPlaneVariable] = controlPlane.folder;
}

export async function globalTeardown(): Promise<void> {
  // The test runner has set the exit status by now.
  const failed = Boolean(process.exitCode) && !interrupted;
  await controlPlane?.stop({ keepLogs: failed });
}
