/** The API server's validation of Leases, and of Events of events.k8s.io/v1. */
import { at, isSame, type JsonMap, mapOf, textOf } from './json.ts';
import { qualifiedNameProblems } from './metadata-rules.ts';
import { type Fault, invalidValue, requiredValue } from './status.ts';

const longest = { action: 128, reason: 128, reportingInstance: 128 } as const;
const longestNote = 1024;

export function eventFaults(event: JsonMap): Fault[] {
  const faults = fieldFaults(event);
  faults.push(...seriesFaults(event));
  if (event['eventTime'] === null) faults.push(requiredValue('eventTime'));
  const type = textOf(event['type']);
  if (type !== 'Normal' && type !== 'Warning') {
    faults.push(invalidValue('type', '', `has invalid value: ${type}`));
  }
  return faults;
}

function fieldFaults(event: JsonMap): Fault[] {
  const namespace = textOf(at(event, 'regarding', 'namespace'));
  const own = textOf(at(event, 'metadata', 'namespace'));
  const isPlain = event['eventTime'] === null;
  const isElsewhere = isPlain
    ? namespace !== own && !(namespace === '' && own === 'default')
    : namespace === '' && own !== 'default' && own !== 'kube-system';
  const field = 'involvedObject.namespace';
  const faults = isElsewhere
    ? [invalidValue(field, namespace, 'does not match event.namespace')]
    : [];
  return isPlain ? faults : [...faults, ...textFaults(event)];
}

function textFaults(event: JsonMap): Fault[] {
  const faults: Fault[] = [];
  const controller = textOf(event['reportingController']);
  if (controller === '') faults.push(requiredValue('reportingController'));
  for (const why of qualifiedNameProblems(controller)) {
    faults.push(invalidValue('reportingController', controller, why));
  }
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    const value = textOf(event[field]);
    if (value === '') faults.push(requiredValue(field));
    if (Buffer.byteLength(value) > longest[field]) {
      faults.push(invalidValue(field, '', `can have at most ${longest[field]} characters`));
    }
  }
  if (Buffer.byteLength(textOf(event['note'])) > longestNote) {
    faults.push(invalidValue('message', '', `can have at most ${longestNote} characters`));
  }
  return faults;
}

function seriesFaults(event: JsonMap): Fault[] {
  if (event['series'] === undefined) return [];
  const { count, lastObservedTime } = mapOf(event['series']);
  return [
    ...(Number(count ?? 0) < 2 ? [invalidValue('series.count', '', 'should be at least 2')] : []),
    ...(textOf(lastObservedTime) === '' ? [requiredValue('series.lastObservedTime')] : []),
  ];
}

/** The fields that an update cannot change. The second name is the name in messages. */
const fixed = [
  ['regarding', 'involvedObject'],
  ['reason', 'reason'],
  ['note', 'message'],
  ['reason', 'reason'],
  ['type', 'type'],
  ['eventTime', 'eventTime'],
  ['action', 'action'],
  ['related', 'related'],
  ['reportingController', 'reportingController'],
  ['reportingInstance', 'reportingInstance'],
] as const;

export function eventUpdateFaults(event: JsonMap, before: JsonMap): Fault[] {
  return [
    ...fieldFaults(event),
    ...(isSame(event['series'], before['series']) ? [] : seriesFaults(event)),
    ...fixed.flatMap(([field, name]) =>
      isSame(event[field], before[field])
        ? []
        : [invalidValue(name, event[field] ?? null, 'field is immutable')],
    ),
  ];
}

export function leaseFaults({ spec }: JsonMap): Fault[] {
  const { leaseDurationSeconds: seconds, leaseTransitions: transitions } = mapOf(spec);
  return [
    ...(typeof seconds === 'number' && seconds <= 0
      ? [invalidValue('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]
      : []),
    ...(typeof transitions === 'number' && transitions < 0
      ? [invalidValue('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')]
      : []),
  ];
}
