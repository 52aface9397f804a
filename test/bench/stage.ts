/** A cluster with an installation of the shipped wave-cron, and the files of a benchmark. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Api } from '../../tools/control-plane/api.ts';
import { connect } from '../../tools/control-plane/cluster-folder.ts';
import { type ControlPlane, startControlPlane } from '../../tools/control-plane/control-plane.ts';
import { type Form, install, type Pod } from './pod.ts';

export interface Bench {
  /** A folder that is deleted at the end. */
  readonly folder: string;
  /** The path of the bundled floor. */
  readonly floor: string;
  readonly tell: (text: string) => void;
}

export interface Stage extends Bench {
  readonly controlPlane: ControlPlane;
  readonly api: Api;
  readonly pod: Pod;
  /** The path of the bundled program. */
  readonly program: string;
}

/**
 * Starts a cluster for each checkout, calls the function with them, and stops the clusters.
 *
 * @param checkouts the checkouts with the built programs and the manifests to install
 */
export async function onStages<const Checkouts extends readonly string[], T>(
  bench: Bench,
  checkouts: Checkouts,
  work: (...stages: { readonly [key in keyof Checkouts]: Stage }) => Promise<T>,
  form: Form = 'cronjob',
): Promise<T> {
  const controlPlanes: ControlPlane[] = [];
  const open = async (checkout: string): Promise<Stage> => {
    const controlPlane = await startControlPlane({ auditLog: true });
    controlPlanes.push(controlPlane);
    const api = connect(controlPlane);
    const folder = mkdtempSync(join(bench.folder, 'stage-'));
    const pod = await install(controlPlane, api, checkout, folder, form);
    return {
      ...bench,
      folder,
      controlPlane,
      api,
      pod,
      program: join(checkout, 'dist/wave-cron.js'),
    };
  };
  try {
    const stages: Stage[] = [];
    for (const checkout of checkouts) stages.push(await open(checkout));
    return await work(...(stages as { [key in keyof Checkouts]: Stage }));
  } finally {
    for (const controlPlane of controlPlanes) await controlPlane.stop();
  }
}
