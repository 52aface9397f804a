import { parse } from 'yaml';
import { firstLine } from './first-line.ts';

export type ParsedYaml = { readonly value: unknown } | { readonly problem: string };

/** Parses a text that any client may have written as YAML or JSON. A problem is one line. */
export function parsedYaml(text: string): ParsedYaml {
  try {
    // Aliases can multiply a text to any length.
    return { value: parse(text, { prettyErrors: false, logLevel: 'error', maxAliasCount: 0 }) };
  } catch (error) {
    const line = firstLine(error);
    return { problem: line.startsWith('Maximum call stack') ? 'it is nested too deeply' : line };
  }
}
