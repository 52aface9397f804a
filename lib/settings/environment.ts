import { allSettings, configVariable, installationVariable } from './all-settings.ts';
import { jobIndexVariable } from './origin.ts';
import { textLayer } from './text-layer.ts';
import { type Layer, notASetting } from './validate.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Kubernetes adds variables for every Service of a namespace to the Pods of the namespace. If a
 * Service has the name `wave` or `wave-cron`, its variables begin like our variables. The variables
 * of a Service must not cause an error.
 */
const serviceLink =
  /^WAVE(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const servicePort = /^WAVE(_[A-Z0-9_]+)?_PORT$/;

/**
 * The settings in the environment, and a line for each unknown variable that begins with `WAVE_`.
 */
export function fromEnvironment(env: Environment): { layer: Layer; problems: readonly string[] } {
  const known = [
    ...allSettings.map(({ variable }) => variable),
    configVariable,
    installationVariable,
  ];
  const problems = Object.entries(env)
    .filter(([name, value]) => name.startsWith('WAVE_') && value !== undefined)
    .filter(([name, value]) => !known.includes(name) && !isServiceLink(name, value ?? ''))
    .map(([name]) => `${name} ${notASetting(name, known)}`);
  const texts = new Map<string, string>();
  for (const { path, variable } of allSettings) {
    const text = env[variable];
    if (text !== undefined) texts.set(path, text);
  }
  return { layer: textLayer(texts, 'variable'), problems };
}

/** In an Indexed Job, Kubernetes gives each Pod its index, so `shard.index` need not be set. */
export function fromJob(env: Environment): Layer {
  const text = env[jobIndexVariable];
  const texts = new Map(text === undefined ? [] : [['shard.index', text]]);
  return {
    ...textLayer(texts, 'variable'),
    subject: () => jobIndexVariable,
    origin: () => ({ kind: 'job' }),
  };
}

function isServiceLink(name: string, value: string): boolean {
  return serviceLink.test(name) || (servicePort.test(name) && /^(tcp|udp|sctp):\/\//.test(value));
}
