import { isSameKind } from '../kubernetes/kinds.ts';
import { settingAt } from './all-settings.ts';
import { type Origin, originText } from './origin.ts';
import type { Settings } from './schema.ts';

/**
 * Problems of combinations of settings, one line each. A list of namespaces cannot be combined with
 * a selector. Some users would expect "and", others "or". The wrong choice would restart unintended
 * workloads or silently skip some.
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
      `${name('namespaces')} and ${name('ignoreNamespaces')} both name ${both.join(', ')}: remove it from one of them`,
    );
  }
  for (const kind of settings.kinds) {
    const other = settings.kinds.find((each) => each !== kind && isSameKind(each, kind));
    if (other === undefined || other < kind) continue;
    problems.push(
      `${name('kinds')} names one kind twice, ${kind} and ${other}: each workload would be handled twice; keep one version`,
    );
  }
  if (settings.namespaces.length > 0 && settings.namespaceSelector.trim() !== '') {
    problems.push(
      `${name('namespaces')} and ${name('namespaceSelector')} cannot be combined: list the namespaces, or select them by label`,
    );
  }
  if (settings.resyncInterval !== undefined && origins.get('schedule')?.kind !== 'default') {
    problems.push(
      `${name('schedule')} and ${name('resyncInterval')} cannot be combined: both set when passes start`,
    );
  }
  const { crossNamespaceReferences } = settings;
  if (crossNamespaceReferences.includes('*') && crossNamespaceReferences.length > 1) {
    problems.push(
      `${name('crossNamespaceReferences')} has * (all namespaces) and other entries: set * alone`,
    );
  }
  const { passTimeoutSeconds, lease } = settings;
  if (passTimeoutSeconds < 2 * lease.durationSeconds) {
    problems.push(
      `${name('passTimeoutSeconds')} is ${passTimeoutSeconds}, less than twice ${name('lease.durationSeconds')} (${lease.durationSeconds}): a pass that waits for a dead holder would time out before its work; set it to ${2 * lease.durationSeconds} or more`,
    );
  }
  const { waitSeconds } = settings.rollouts;
  if (waitSeconds >= passTimeoutSeconds) {
    problems.push(
      `${name('rollouts.waitSeconds')} is ${waitSeconds}, and passTimeoutSeconds is ${passTimeoutSeconds}: a pass would be cut short while it waits; make rollouts.waitSeconds less`,
    );
  }
  const { count, index } = settings.shard;
  if (index !== undefined && index >= count) {
    problems.push(
      `${name('shard.index')} is ${index}, but shard.count is ${count}, so the last index is ${count - 1}: set shard.count to the number of shards; in a Job, to its completions`,
    );
  }
  const title = name('notifications');
  return [...problems, ...sinkProblems(settings).map((problem) => `${title} ${problem}`)];
}

/** Problems of `notifications`, as clauses that follow the name of the setting. */
function sinkProblems({ notifications }: Settings): string[] {
  const names = notifications.map(({ name }) => name);
  return notifications.flatMap(({ name, format, url, urlFile, secretFile }, index) => {
    const entry = `has a fault in entry ${index + 1}:`;
    return [
      ...((url === undefined) === (urlFile === undefined)
        ? [`${entry} set either url or urlFile`]
        : []),
      ...(secretFile !== undefined && format !== 'json'
        ? [`${entry} secretFile needs format: json, because only that format has a signature`]
        : []),
      ...(name !== undefined && names.indexOf(name) < index
        ? [`${entry} the name ${name} is used twice`]
        : []),
    ];
  });
}
