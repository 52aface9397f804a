import type { ValueSchema } from './schema.ts';

/**
 * The value that a flag or an environment variable says: a number where the schema wants one, a
 * list split at commas with blanks trimmed (an empty text is the empty list). A text that does not
 * parse stays a text, for the validation to refuse like any other value.
 */
export function textValue(text: string, schema: ValueSchema): unknown {
  switch (schema.type) {
    case 'string':
      return text;
    case 'integer':
      return /^-?\d{1,15}$/.test(text.trim()) ? Number(text) : text;
    case 'array':
      return text.trim() === '' ? [] : text.split(',').map((entry) => entry.trim());
  }
}
