/** A cluster with wave-cron installed on it as it ships, and what a run of the benchmark works with. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Api } from '../../tools/control-plane/api.ts';
import { connect } from '../../tools/control-plane/cluster-folder.ts';
import { type ControlPlane, startControlPlane } from '../../tools/control-plane/control-plane.ts';
import { type Form, install, type Pod } from './pod.ts';

export interface Bench {
  /** Removed at the end. */
  readonly folder: string;
  /** The bundled floor. */
  readonly floor: string;
  readonly tell: (text: string) => void;
}

export interface Stage extends Bench {
  readonly controlPlane: ControlPlane;
  readonly api: Api;
  readonly pod: Pod;
  /** The bundled program. */
  readonly program: string;
}

/**
 * Works on clusters of their own, one for each checkout, and takes them away.
 *
 * @param checkouts whose built program and whose manifests are installed
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
