import { dnsLabel, longestLabel } from '../kubernetes/names.ts';
import { type Reason, reasons } from '../rules/reason.ts';
import { secureUrls } from '../text/secure-url.ts';

/** The setting `notifications`: see schema.ts. */

/** Reasons that are never news. */
const neverNews: readonly Reason[] = ['UpToDate', 'OptedOut', 'Deleting'];
/**
 * Reasons that are not sent by default: nothing restarts, or the hold usually ends within minutes.
 */
const leftOut: readonly Reason[] = [
  'Adopted',
  'AlreadyCurrent',
  'Settling',
  'CoolingDown',
  'Queued',
];

const allReasons = Object.keys(reasons) as readonly Reason[];
const notifiable: readonly Reason[] = allReasons.filter((each) => !neverNews.includes(each));

/**
 * The reasons of a sink without the setting `reasons`: rollouts, holds that may last long, and
 * warnings.
 */
export const defaultReasons: readonly Reason[] = notifiable.filter(
  (each) => !leftOut.includes(each),
);

export const notificationFormats = [
  'cloudevents',
  'google-chat',
  'json',
  'slack',
  'teams',
] as const;

const file = { type: 'string', minLength: 1, allowed: 'the path of a file' } as const;

const sink = {
  type: 'object',
  additionalProperties: false,
  required: ['format'],
  properties: {
    name: {
      type: 'string',
      pattern: `^${dnsLabel}$`,
      maxLength: longestLabel,
      allowed: 'a name of at most 63 lower-case letters, digits and inner dashes, such as prod-eu',
    },
    format: { type: 'string', enum: notificationFormats },
    url: { type: 'string', format: 'secure-url', confidential: true, allowed: secureUrls },
    urlFile: file,
    secretFile: file,
    caFile: file,
    reasons: {
      type: 'array',
      items: { type: 'string', enum: notifiable },
      minItems: 1,
      uniqueItems: true,
    },
    namespaces: {
      type: 'array',
      items: {
        type: 'string',
        pattern: `^${dnsLabel}$`,
        maxLength: longestLabel,
        allowed: 'the name of a namespace',
      },
      minItems: 1,
      uniqueItems: true,
    },
  },
} as const;

export const notificationSettings = {
  ofProcess: true,
  placeholder: 'list',
  type: 'array',
  items: sink,
  maxItems: 10,
  default: [],
  allowed: `a list of at most 10 sinks, each with format (${notificationFormats.join(', ')}) and url or urlFile; in a flag or variable as YAML or JSON`,
  group: 'Output',
  description:
    'The sinks, such as a channel of Slack, that get the news of each pass (docs/notifications.md). Empty: none.',
} as const;
