import { parsedYaml } from '../text/parsed-yaml.ts';
import type { ValueSchema } from './schema.ts';

/**
 * The value of a flag or an environment variable: a number if the schema requires one; a list,
 * split at commas with trimmed entries (an empty text is an empty list). A text that cannot be
 * parsed stays a text, which the validation rejects. A list of mappings is YAML or JSON.
 */
export function textValue(text: string, schema: ValueSchema): unknown {
  if (schema.items?.type === 'object') {
    const parsed = parsedYaml(text);
    return 'value' in parsed ? (parsed.value ?? []) : text;
  }
  switch (schema.type) {
    case 'integer':
      return /^-?\d{1,15}$/.test(text.trim()) ? Number(text) : text;
    case 'array':
      return text.trim() === '' ? [] : text.split(',').map((entry) => entry.trim());
    // What may be a text is given as one.
    default:
      return text;
  }
}
