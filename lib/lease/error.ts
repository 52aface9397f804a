import { exitStatus, UnreachableError, WaveCronError } from '../errors.ts';
import { quote } from '../text/quote.ts';
import type { FoundRecord } from './lock.ts';
import { inSeconds } from './seconds.ts';

/** Why a held lease was lost. */
export type LossCause =
  /**
   * By the local clock, the last renewal is too long ago. `lastFailure` is the most recent error of
   * a renewal.
   */
  | {
      readonly kind: 'notRenewed';
      readonly sinceRenewalMs: number;
      readonly renewDeadlineMs: number;
      readonly lastFailure: unknown;
    }
  | { readonly kind: 'takenOver'; readonly holder: string }
  /** Another client emptied the field of the holder. Only the holder itself should do that. */
  | { readonly kind: 'cleared' }
  | { readonly kind: 'deleted' };

/** The lease was lost: no further write is allowed. */
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

/**
 * The Lease does not exist and cannot be created, because its namespace is terminating or does not
 * exist.
 */
export class LeaseNamespaceError extends UnreachableError {}

/** The program checked the lease after the program had released it. This is a bug. */
export class LeaseReleasedError extends WaveCronError {
  override readonly name = 'LeaseReleasedError';

  constructor(lease: string) {
    super(`${lease} was already released: no write is allowed after that`);
  }
}

/** The Lease with this name belongs to another program. */
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
