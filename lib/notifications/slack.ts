import { chatText, type Part } from './chat-text.ts';
import type { ShownDigest } from './fitted.ts';

/** A message for an incoming webhook of Slack. */
export interface SlackMessage {
  /** The text for notifications on a phone, and for receivers that do not support blocks. */
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

type SlackBlock =
  | {
      readonly type: 'header';
      readonly text: { readonly type: 'plain_text'; readonly text: string; readonly emoji: false };
    }
  | { readonly type: 'section'; readonly text: Markup }
  | { readonly type: 'context'; readonly elements: [Markup] };

interface Markup {
  readonly type: 'mrkdwn';
  readonly text: string;
  /** Prevents Slack from turning plain text into links or mentions. */
  readonly verbatim: true;
}

/** Slack's limits: https://docs.slack.dev/reference/block-kit/blocks */
const limits = { blocks: 50, headerCharacters: 150, textCharacters: 3000 };
/**
 * Slack documents no limit for all blocks together, but rejects messages of more than about 13,000
 * characters (https://github.com/slackapi/bolt-js/issues/2509).
 */
const mostBytes = 12_000;

/** Pure. */
export function slackMessage(digest: ShownDigest): SlackMessage {
  const { headline, counts, lines, footer } = chatText(digest);
  const header = { type: 'plain_text', text: headline, emoji: false } as const;
  return {
    text: escaped(counts === undefined ? headline : `${headline} (${counts})`),
    blocks: [
      { type: 'header', text: header },
      ...(counts === undefined ? [] : [section(escaped(counts))]),
      ...lines.map((parts) => section(parts.map(markup).join(''))),
      { type: 'context', elements: [mrkdwn(escaped(footer))] },
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** @param bytes of the JSON */
export function fitsSlack({ blocks }: SlackMessage, bytes: number): boolean {
  const fits = (block: SlackBlock): boolean => {
    if (block.type === 'header') return block.text.text.length <= limits.headerCharacters;
    const texts = block.type === 'section' ? [block.text] : block.elements;
    return texts.every(({ text }) => text.length <= limits.textCharacters);
  };
  return bytes <= mostBytes && blocks.length <= limits.blocks && blocks.every(fits);
}

function section(text: string): SlackBlock {
  return { type: 'section', text: mrkdwn(text) };
}

function mrkdwn(text: string): Markup {
  return { type: 'mrkdwn', text, verbatim: true };
}

/** A name is shown in a code span. In a code span, Slack interprets only the escapes. */
function markup({ text, isName }: Part): string {
  return isName ? `\`${escaped(text).replaceAll('`', "'")}\`` : escaped(text);
}

/** Escapes a text, so that it cannot contain a mention, such as <!channel>, or a link. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
