/**
 * The workloads that the last pass of a replica could not write without a fault of wave-cron: the
 * cluster rejected the change, or the workload changed during each attempt. These workloads wait for
 * the next pass, because a replica repeats only incomplete passes after a minute.
 */
import type { Outcome } from '../../../lib/rules/report.ts';
import type { Tracked } from './oracle.ts';

export class Unwritten {
  /** The time at which the pass began to read, by the label of the workload. */
  readonly #began = new Map<string, number>();

  /** @param began the time at which the pass of these outcomes began to read */
  note(outcomes: readonly Outcome[], began: number): void {
    for (const { kind, namespace, name, reason } of outcomes) {
      const label = `${kind}/${namespace}/${name}`;
      if (reason === 'Rejected' || reason === 'Conflict') this.#began.set(label, began);
      else this.#began.delete(label);
    }
  }

  /**
   * Whether the pass has read the workload's current configuration. A later change must start another
   * pass.
   */
  isLeft({ label, configurations }: Tracked): boolean {
    const began = this.#began.get(label);
    return began !== undefined && began >= (configurations.at(-1)?.from ?? 0);
  }
}
