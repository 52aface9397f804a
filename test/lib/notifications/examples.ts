/** Digests for the tests of notifications. */
import type { Digest, DigestEntry, News } from '../../../lib/notifications/digest.ts';
import { fitted, type ShownDigest } from '../../../lib/notifications/fitted.ts';
import type { Reason } from '../../../lib/rules/reason.ts';
import type { Outcome } from '../../../lib/rules/report.ts';

export const frame = {
  id: '0b8d1c1e-5a33-4d4f-9f52-0f1b1e6f2a11',
  time: '2026-11-30T10:00:00.000Z',
  installation: { namespace: 'wave-cron', name: 'wave-cron' },
};

export function news(reason: Reason, more: Partial<Outcome> = {}): News {
  const outcome: Outcome = {
    ...{ kind: 'Deployment', namespace: 'shop', name: 'web', reason, sentence: 'a sentence' },
    ...{ changed: ['ConfigMap/web'], written: false },
    ...more,
  };
  return { outcome, reason };
}

export function entry(more: Partial<DigestEntry> = {}): DigestEntry {
  return {
    ...{ kind: 'Deployment', namespace: 'shop', name: 'web', reason: 'ConfigChanged' },
    ...{ sources: ['ConfigMap/web', 'Secret/login'], sourcesLeftOut: 0, heldUntil: undefined },
    ...more,
  };
}

export function digest(more: Partial<Digest> = {}): Digest {
  return {
    ...frame,
    ...{ kind: 'Digest', name: 'prod-eu', counts: { ConfigChanged: 1 }, entries: [entry()] },
    ...more,
  };
}

/** A digest without entries that are left out. */
export const shown = (more: Partial<Digest> = {}): ShownDigest => ({ ...digest(more), leftOut: 0 });

export const testMessage = shown({ kind: 'Test', counts: {}, entries: [] });

/**
 * Names that a tenant could write. Kubernetes allows some of them only in a reference to a source that does not
 * exist.
 */
export const hostile = [
  '<!channel>',
  '<!here|here>',
  '@channel',
  '<@U012AB3CD>',
  '<users/all>',
  '<at>Everyone</at>',
  '<https://evil.example|click>',
  '[click](https://evil.example)',
  'https://evil.example/',
  '<a href="https://evil.example">click</a>',
  '`*bold* _it_ ~no~ :smile: &amp; &lt;!channel&gt;',
  '{{DATE(2026-01-01T00:00:00Z)}}',
] as const;

/**
 * A digest of maximum size. `name` returns a name of a given length, for example with characters that need the
 * most escapes.
 */
export function largest(count: number, name: (length: number) => string): Digest {
  const entries = Array.from({ length: count }, () =>
    entry({
      ...{ kind: 'StatefulSet', namespace: name(63), name: name(253), reason: 'StoppedByFailure' },
      sources: Array.from({ length: 20 }, () => `ConfigMap/${name(63)}/${name(253)}`),
      ...{ sourcesLeftOut: 980, heldUntil: '2026-12-01T06:00:00Z' },
    }),
  );
  return digest({ name: name(63), counts: { StoppedByFailure: count }, entries });
}

export const longestNames = (count: number): Digest => largest(count, (it) => 'n'.repeat(it));
export const worstNames = (count: number): Digest => largest(count, (it) => '<'.repeat(it));

/** The number of a digest's entries that a message shows. */
export function entriesShown<Message>(
  of: Digest,
  message: (shown: ShownDigest) => Message,
  isWithin: (message: Message, bytes: number) => boolean,
): number {
  let entries = 0;
  const made = (it: ShownDigest): Message => {
    entries = it.entries.length;
    return message(it);
  };
  const bytes = (it: Message) => Buffer.byteLength(JSON.stringify(it));
  fitted(of, 3, made, (it) => isWithin(it, bytes(it)));
  return entries;
}
