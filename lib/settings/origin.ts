import type { Setting } from './all-settings.ts';

/** Where the value of a setting came from. */
export type Origin =
  | { readonly kind: 'flag' }
  | { readonly kind: 'variable' }
  /** The variable that Kubernetes sets in the Pods of an Indexed Job. */
  | { readonly kind: 'job' }
  | { readonly kind: 'file'; readonly file: string; readonly line: number; readonly column: number }
  /**
   * The text says where the value is in the installation, such as `WAVE_ADOPTION of CronJob
   * wave-cron/wave-cron`.
   */
  | { readonly kind: 'installation'; readonly text: string }
  | { readonly kind: 'default' };

export const jobIndexVariable = 'JOB_COMPLETION_INDEX';

/** For messages: `--lease-name`, `WAVE_LEASE_NAME`, `settings.yaml:3:5`, `default`. */
export function originText(setting: Setting, origin: Origin): string {
  switch (origin.kind) {
    case 'flag':
      return setting.flag;
    case 'variable':
      return setting.variable;
    case 'job':
      return jobIndexVariable;
    case 'file':
      return `${origin.file}:${origin.line}:${origin.column}`;
    case 'installation':
      return origin.text;
    case 'default':
      return 'default';
  }
}
