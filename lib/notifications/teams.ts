import { chatText, type Part } from './chat-text.ts';
import type { ShownDigest } from './fitted.ts';

/** A message for a workflow of Teams that posts the Adaptive Card of a webhook request. */
export interface TeamsMessage {
  readonly type: 'message';
  readonly attachments: readonly [
    {
      readonly contentType: 'application/vnd.microsoft.card.adaptive';
      readonly contentUrl: null;
      readonly content: AdaptiveCard;
    },
  ];
}

interface AdaptiveCard {
  readonly $schema: string;
  readonly type: 'AdaptiveCard';
  /** The oldest version that supports rich text. */
  readonly version: '1.2';
  /** The text of the notification. */
  readonly fallbackText: string;
  readonly body: readonly RichText[];
  readonly msteams: { readonly width: 'Full' };
}

/**
 * Unlike a TextBlock, a RichTextBlock does not interpret Markdown, so a text cannot contain links
 * or mentions.
 */
interface RichText {
  readonly type: 'RichTextBlock';
  readonly inlines: readonly TextRun[];
}

interface TextRun {
  readonly type: 'TextRun';
  readonly text: string;
  readonly weight?: 'Bolder';
  readonly size?: 'Medium';
  readonly fontType?: 'Monospace';
  readonly isSubtle?: true;
}

/** Teams rejects messages of more than 28 KB, and adds fields to our message. */
const mostBytes = 24_000;

/** Pure. */
export function teamsMessage(digest: ShownDigest): TeamsMessage {
  const { headline, counts, lines, footer } = chatText(digest);
  const content: AdaptiveCard = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.2',
    fallbackText: headline,
    body: [
      richText([{ type: 'TextRun', text: headline, weight: 'Bolder', size: 'Medium' }]),
      ...(counts === undefined ? [] : [richText([{ type: 'TextRun', text: counts }])]),
      ...lines.map((parts) => richText(parts.map(run))),
      richText([{ type: 'TextRun', text: footer, isSubtle: true }]),
    ],
    msteams: { width: 'Full' },
  };
  const contentType = 'application/vnd.microsoft.card.adaptive';
  return { type: 'message', attachments: [{ contentType, contentUrl: null, content }] };
}

/** @param bytes of the JSON */
export function fitsTeams(_: TeamsMessage, bytes: number): boolean {
  return bytes <= mostBytes;
}

function richText(inlines: readonly TextRun[]): RichText {
  return { type: 'RichTextBlock', inlines };
}

function run({ text, isName }: Part): TextRun {
  return isName ? { type: 'TextRun', text, fontType: 'Monospace' } : { type: 'TextRun', text };
}
