import type { NotificationFormat } from '../settings/schema.ts';
import { cloudEventMessage } from './cloud-event.ts';
import type { Digest } from './digest.ts';
import { fitted, type ShownDigest } from './fitted.ts';
import { fitsGoogleChat, googleChatMessage } from './google-chat.ts';
import { fitsJson, jsonMessage } from './plain-json.ts';
import { fitsSlack, slackMessage } from './slack.ts';
import { fitsTeams, teamsMessage } from './teams.ts';

/** The body of a request to a sink. */
export interface Body {
  readonly contentType: string;
  readonly text: string;
}

const json = 'application/json; charset=utf-8';
const cloudEvent = 'application/cloudevents+json; charset=utf-8';

/** The maximum number of source names in a message for a person, and in a message for a program. */
const [few, all] = [3, 20];

/**
 * The functions that write a digest in each format. A new format needs an entry here and in the
 * schema.
 */
const writers: Readonly<Record<NotificationFormat, (digest: Digest) => Body>> = {
  cloudevents: writer(cloudEvent, all, cloudEventMessage, fitsJson),
  'google-chat': writer(json, few, googleChatMessage, fitsGoogleChat),
  json: writer(json, all, jsonMessage, fitsJson),
  slack: writer(json, few, slackMessage, fitsSlack),
  teams: writer(json, few, teamsMessage, fitsTeams),
};

/** The message for a sink, within the limits of its service. Pure. */
export function bodyOf(format: NotificationFormat, digest: Digest): Body {
  return writers[format](digest);
}

function writer<Message>(
  contentType: string,
  mostSources: number,
  message: (shown: ShownDigest) => Message,
  fits: (message: Message, bytes: number) => boolean,
): (digest: Digest) => Body {
  const isWithin = (made: Message) => fits(made, Buffer.byteLength(JSON.stringify(made)));
  return (digest) => {
    const text = JSON.stringify(fitted(digest, mostSources, message, isWithin));
    return { contentType, text };
  };
}
