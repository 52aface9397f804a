import { describeError } from '../errors.ts';
import type { LeaseName } from '../kubernetes/names.ts';
import type { NotificationFormat, NotificationSettings } from '../settings/schema.ts';
import { type DeliveryDeps, deliver } from './deliver.ts';
import { type Digest, digestFor, type News, testDigest } from './digest.ts';
import { bodyOf } from './formats.ts';
import { readTarget } from './target.ts';

export interface NotifyDeps extends DeliveryDeps {
  readonly installation: LeaseName;
  /** A unique text for each call. */
  readonly id: () => string;
}

/** The result for one message. The sink is identified by its name or position, never by its URL. */
export interface Delivery {
  /** The name of the sink, such as `prod-eu`, or its position, such as `1`. */
  readonly sink: string;
  readonly format: NotificationFormat;
  /** Why the message was not sent; absent if it was sent. */
  readonly problem?: string;
}

/**
 * Sends the news to all sinks at the same time. If no news match the filters of a sink, the sink
 * gets no message. Never rejects.
 */
export async function notifyOfNews(
  sinks: readonly NotificationSettings[],
  news: readonly News[],
  deps: NotifyDeps,
): Promise<Delivery[]> {
  const frame = frameOf(deps);
  const sent = sinks.map(async (sink, index) => {
    const digest = digestFor(sink, news, { ...frame, id: deps.id() });
    return digest === undefined ? [] : [await send(sink, index, digest, deps)];
  });
  return (await Promise.all(sent)).flat();
}

/** Sends a test message to all sinks at the same time. Never rejects. */
export async function notifyOfTest(
  sinks: readonly NotificationSettings[],
  deps: NotifyDeps,
): Promise<Delivery[]> {
  const frame = frameOf(deps);
  return await Promise.all(
    sinks.map((sink, index) =>
      send(sink, index, testDigest(sink, { ...frame, id: deps.id() }), deps),
    ),
  );
}

/** The name of a sink in messages: `sink 1 (slack)`. */
export function sinkText({ sink, format }: Pick<Delivery, 'sink' | 'format'>): string {
  return `sink ${sink} (${format})`;
}

/** The name of a sink, or its position from 1. */
export function sinkName({ name }: NotificationSettings, index: number): string {
  return name ?? String(index + 1);
}

function frameOf({ clock, installation }: NotifyDeps): Pick<Digest, 'time' | 'installation'> {
  return { time: clock.wallTime().toISOString(), installation };
}

async function send(
  sink: NotificationSettings,
  index: number,
  digest: Digest,
  deps: NotifyDeps,
): Promise<Delivery> {
  const { format } = sink;
  const delivery = { sink: sinkName(sink, index), format };
  try {
    await deliver(readTarget(sink), digest.id, bodyOf(format, digest), deps);
    return delivery;
  } catch (error) {
    return { ...delivery, problem: describeError(error) };
  }
}
