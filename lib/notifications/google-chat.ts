import { chatText, type Part } from './chat-text.ts';
import type { ShownDigest } from './fitted.ts';

/** A message for a webhook of Google Chat. */
export interface GoogleChatMessage {
  /** The text of the notification. */
  readonly fallbackText: string;
  readonly cardsV2: readonly [{ readonly cardId: string; readonly card: Card }];
}

interface Card {
  readonly header: { readonly title: string; readonly subtitle?: string };
  readonly sections: readonly [{ readonly widgets: readonly Widget[] }];
}

/** The text of a card is HTML. HTML in a card cannot mention people. */
interface Widget {
  readonly textParagraph: { readonly text: string };
}

/** The limits of Google Chat for a message, and for the widgets of a card. */
const mostBytes = 30_000;
const mostWidgets = 100;

/** Pure. */
export function googleChatMessage(digest: ShownDigest): GoogleChatMessage {
  const { headline, counts, lines, footer } = chatText(digest);
  const widgets = [...lines.map((parts) => parts.map(markup).join('')), escaped(footer)];
  const card: Card = {
    header: { title: headline, ...(counts === undefined ? {} : { subtitle: counts }) },
    sections: [{ widgets: widgets.map((text) => ({ textParagraph: { text } })) }],
  };
  return { fallbackText: headline, cardsV2: [{ cardId: digest.id, card }] };
}

/** @param bytes of the JSON */
export function fitsGoogleChat({ cardsV2: [{ card }] }: GoogleChatMessage, bytes: number): boolean {
  return bytes <= mostBytes && card.sections[0].widgets.length <= mostWidgets;
}

function markup({ text, isName }: Part): string {
  return isName ? `<b>${escaped(text)}</b>` : escaped(text);
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}
