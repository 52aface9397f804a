/**
 * The workloads that the last pass of a replica could not write, although nothing is wrong with
 * wave-cron: the cluster rejected the change, or the workload changed each time. These wait for the next
 * pass. Only what counts as an incomplete pass is repeated after a minute.
 */
import type { Outcome } from '../../../lib/rules/report.ts';
import type { Tracked } from './oracle.ts';

export class Unwritten {
  /** When the pass began to read, by the label of the workload. */
  readonly #began = new Map<string, number>();

  /** @param began when their pass began to read */
  note(outcomes: readonly Outcome[], began: number): void {
    for (const { kind, namespace, name, reason } of outcomes) {
      const label = `${kind}/${namespace}/${name}`;
      if (reason === 'Rejected' || reason === 'Conflict') this.#began.set(label, began);
      else this.#began.delete(label);
    }
  }

  /** Whether that pass has seen its current configuration. A later change has to start another pass. */
  isLeft({ label, configurations }: Tracked): boolean {
    const began = this.#began.get(label);
    return began !== undefined && began >= (configurations.at(-1)?.from ?? 0);
  }
}
