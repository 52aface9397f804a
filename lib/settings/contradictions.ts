import { settingAt } from './all-settings.ts';
import { type Origin, originText } from './origin.ts';
import type { Settings } from './schema.ts';

/**
 * What no single setting gets wrong, a line for each. A list of namespaces and a selector exclude
 * each other, since some would read both together as "and" and some as "or", and a wrong guess
 * restarts workloads that were not meant, or leaves some behind in silence.
 */
export function contradictions(settings: Settings, origins: ReadonlyMap<string, Origin>): string[] {
  const problems: string[] = [];
  const name = (path: string): string => {
    const origin = origins.get(path) ?? { kind: 'default' };
    const text = originText(settingAt(path), origin);
    return origin.kind === 'file' ? `${path} (${text})` : text;
  };

  const both = settings.namespaces.filter((each) => settings.ignoreNamespaces.includes(each));
  if (both.length > 0) {
    problems.push(
      `${name('namespaces')} and ${name('ignoreNamespaces')} both name ${both.join(', ')}: take it out of one`,
    );
  }
  if (settings.namespaces.length > 0 && settings.namespaceSelector.trim() !== '') {
    problems.push(
      `${name('namespaces')} and ${name('namespaceSelector')} exclude each other: name the namespaces or select them by labels`,
    );
  }
  if (settings.resyncInterval !== undefined && origins.get('schedule')?.kind !== 'default') {
    problems.push(
      `${name('schedule')} and ${name('resyncInterval')} exclude each other: both say when passes start`,
    );
  }
  const { crossNamespaceReferences } = settings;
  if (crossNamespaceReferences.includes('*') && crossNamespaceReferences.length > 1) {
    problems.push(
      `${name('crossNamespaceReferences')} names * for all namespaces and others too: give * alone`,
    );
  }
  const { passTimeoutSeconds, lease } = settings;
  if (passTimeoutSeconds < 2 * lease.durationSeconds) {
    problems.push(
      `${name('passTimeoutSeconds')} is ${passTimeoutSeconds}, less than twice ${name('lease.durationSeconds')} (${lease.durationSeconds}): a pass that has to wait for a dead holder would be cut short before its work; make it ${2 * lease.durationSeconds} or more`,
    );
  }
  const { count, index } = settings.shard;
  if (index !== undefined && index >= count) {
    problems.push(
      `${name('shard.index')} is ${index}, but shard.count is ${count}, so the last index is ${count - 1}: make shard.count the number of all shards, in a Job its completions`,
    );
  }
  return problems;
}
