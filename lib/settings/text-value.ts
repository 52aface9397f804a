import { parsedYaml } from '../text/parsed-yaml.ts';
import type { ValueSchema } from './schema.ts';

/**
 * The value of a flag or an environment variable. If the schema requires a number, the result is a
 * number. If it requires a list, the text is split at commas and the entries are trimmed; an empty
 * text is an empty list. A list of mappings is parsed as YAML or JSON. If the text cannot be
 * parsed, the result is the text, which the validation rejects.
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
    // If the schema allows a text, the result is the text.
    default:
      return text;
  }
}
