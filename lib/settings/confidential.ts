import type { SettingSchema } from './schema.ts';

/**
 * Whether a part of the value is secret. If so, a message must not show any part of an invalid
 * value.
 */
export function hasConfidentialPart({ items }: SettingSchema): boolean {
  return confidentialMembers(items).length > 0;
}

/** The value, with secret parts masked. */
export function confidentialMasked(value: unknown, { items }: SettingSchema): unknown {
  const members = confidentialMembers(items);
  if (members.length === 0 || !Array.isArray(value)) return value;
  return value.map((entry: object) =>
    Object.fromEntries(
      Object.entries(entry).map(([name, member]) => [
        name,
        members.includes(name) ? '***' : member,
      ]),
    ),
  );
}

function confidentialMembers(items: SettingSchema['items']): string[] {
  if (items?.type !== 'object') return [];
  return Object.entries(items.properties ?? {}).flatMap(([name, { confidential }]) =>
    confidential ? [name] : [],
  );
}
