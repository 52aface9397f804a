import type { Setting } from './all-settings.ts';

/** Where the value of a setting came from. */
export type Origin =
  | { readonly kind: 'flag' }
  | { readonly kind: 'variable' }
  | { readonly kind: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: 'default' };

/** For a person: `--lease-name`, `WAVE_LEASE_NAME`, `settings.yaml:3:5`, `default`. */
export function originText(setting: Setting, origin: Origin): string {
  switch (origin.kind) {
    case 'flag':
      return setting.flag;
    case 'variable':
      return setting.variable;
    case 'file':
      return `${origin.file}:${origin.line}:${origin.column}`;
    case 'default':
      return 'default';
  }
}
