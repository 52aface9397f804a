import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { ObjectMeta } from '../../../lib/kubernetes/objects.ts';

/** A listener that records the calls of a watch, one word for each. */
export class Seen {
  readonly words: string[] = [];
  readonly metadata: ObjectMeta[] = [];

  readonly listener = {
    started: () => void this.words.push('started'),
    changed: (metadata: ObjectMeta, isDeleted: boolean) => {
      this.metadata.push(metadata);
      this.words.push(`${isDeleted ? '-' : ''}${metadata.name}`);
    },
    failed: (error: unknown) =>
      void this.words.push(error instanceof Error ? `failed: ${error.message}` : 'failed'),
  };

  async until(...words: readonly string[]): Promise<void> {
    const isThere = () => words.every((word) => this.words.some((it) => it.startsWith(word)));
    for (const end = Date.now() + 20_000; !isThere(); await pause(10)) {
      assert.ok(Date.now() < end, `${words} did not come: ${JSON.stringify(this.words)}`);
    }
  }
}
