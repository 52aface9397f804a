import { exitStatus, UnreachableError, WaveCronError } from '../errors.ts';
import { quote } from '../text/quote.ts';
import type { FoundRecord } from './lock.ts';
import { inSeconds } from './seconds.ts';

/** Why a lease that was held is not held any more. */
export type LossCause =
  /** The last renewal is too old by the local clock; `lastFailure` is what the renewals met. */
  | {
      readonly kind: 'notRenewed';
      readonly sinceRenewalMs: number;
      readonly renewDeadlineMs: number;
      readonly lastFailure: unknown;
    }
  | { readonly kind: 'takenOver'; readonly holder: string }
  /** Somebody emptied the holder, which only the holder itself does. */
  | { readonly kind: 'cleared' }
  | { readonly kind: 'deleted' };

/** The lease is not ours any more: no further write. */
export class LeaseLostError extends WaveCronError {
  override readonly name = 'LeaseLostError';
  readonly code = 'LeaseLost';
  readonly why: LossCause;

  constructor(lease: string, why: LossCause) {
    super(`${lease} was lost: ${lossSentence(why)}; nothing more is written`, {
      ...(why.kind === 'notRenewed' ? { cause: why.lastFailure } : {}),
    });
    this.why = why;
  }
}

/** There is no Lease, and none can be made: its namespace is being deleted, or does not exist. */
export class LeaseNamespaceError extends UnreachableError {}

/** Something asked whether the lease is ours after it was given back: a mistake in the program. */
export class LeaseReleasedError extends WaveCronError {
  override readonly name = 'LeaseReleasedError';

  constructor(lease: string) {
    super(`${lease} was already released: no write is allowed after that`);
  }
}

/** A Lease of this name exists, and it is some other program's. */
export class ForeignLeaseError extends WaveCronError {
  override readonly name = 'ForeignLeaseError';

  constructor(lease: string, record: FoundRecord) {
    const who =
      record.holderIdentity === '' ? 'it is free' : `held by ${quote(record.holderIdentity)}`;
    super(
      `${lease} belongs to another program (${who}): set lease.name to a name that no other program uses, or delete the Lease if no program needs it`,
      { exit: exitStatus.usage },
    );
  }
}

function lossSentence(why: LossCause): string {
  switch (why.kind) {
    case 'notRenewed': {
      const { lastFailure } = why;
      const failure = lastFailure instanceof Error ? ` (last failure: ${lastFailure.message})` : '';
      return `the last renewal was ${inSeconds(why.sinceRenewalMs)} ago, and the limit is ${inSeconds(why.renewDeadlineMs)}${failure}`;
    }
    case 'takenOver':
      return `${quote(why.holder)} took it over`;
    case 'cleared':
      return 'another client cleared its holder';
    case 'deleted':
      return 'another client deleted it';
  }
}
