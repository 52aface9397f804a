import { asIfOptedIn } from '../../lib/explanation/as-if-opted-in.ts';
import {
  type AnnotatedMention,
  annotatedMentions,
  referencesToRead,
} from '../../lib/explanation/mentions.ts';
import { podTemplateOf, workloadEntry } from '../../lib/kubernetes/kinds.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import type { AnnotationKeys } from '../../lib/rules/annotations.ts';
import type { DefaultOptIns } from '../../lib/rules/default-opt-in.ts';
import type { NamesByKind } from '../../lib/rules/name-pattern.ts';
import { type OptIn, readOptIn } from '../../lib/rules/opt-in.ts';
import type { Reference } from '../../lib/rules/references.ts';
import { selectorText } from '../../lib/rules/rollout-state.ts';
import { namesNeededBy } from '../../lib/rules/sketch.ts';
import { type Runner, runnerOf } from '../../lib/rules/template-user.ts';
import { readWorkload, type Workload, type WorkloadRules } from '../../lib/rules/workload.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { ReadContext } from '../context.ts';
import { SourceNames } from '../reading/source-names.ts';
import { workloadRules } from '../reading/workload-rules.ts';

/** The workload that the user asked about. */
export interface Subject {
  readonly name: WorkloadName;
  readonly object: WorkloadObject;
  /** The workload whose Pods are made from the template: the subject itself, or a user of its template. */
  readonly runner: Runner;
  /** The workload as a pass sees it; undefined if a pass does not handle the workload. */
  readonly seen: Workload | undefined;
  /**
   * Like `seen`. If a pass does not handle the workload, this is the workload as a pass would see it after an
   * opt-in.
   */
  readonly workload: Workload;
  readonly optIn: OptIn;
  /**
   * The annotation or setting that opts in those workloads of the namespace that have no
   * annotation.
   */
  readonly defaultOptIn: DefaultOptIns;
  readonly mentions: readonly AnnotatedMention[];
  readonly references: readonly Reference[];
  /** The label selector of the workload's Pods, in the format of a list request. */
  readonly podSelector: string;
}

export interface SubjectRules {
  readonly defaultOptIn: DefaultOptIns;
  /** Absent if users of the template do not matter. */
  readonly userOf?: WorkloadRules['userOf'];
}

interface ReadRules {
  readonly annotationKeys: AnnotationKeys;
  readonly names?: NamesByKind;
}

/**
 * Reduces a workload, and reads the names that its patterns need.
 *
 * @throws the reason of the signal
 */
export async function readSubject(
  name: WorkloadName,
  object: WorkloadObject,
  settings: Settings,
  rules: SubjectRules,
  context: ReadContext,
): Promise<Subject> {
  const { annotationKeys } = context;
  const subject = subjectOf(name, object, settings, { ...rules, annotationKeys });
  const kinds = namesNeededBy(subject.workload);
  if (kinds === undefined) return subject;
  const names = await new SourceNames(context).of(name.namespace, kinds);
  return subjectOf(name, object, settings, { ...rules, annotationKeys, names });
}

function subjectOf(
  name: WorkloadName,
  object: WorkloadObject,
  settings: Settings,
  { annotationKeys, defaultOptIn, userOf, names }: SubjectRules & ReadRules,
): Subject {
  const rules = { ...workloadRules(settings, defaultOptIn), names, ...(userOf && { userOf }) };
  const annotations = object.metadata?.annotations ?? {};
  const template = podTemplateOf(workloadEntry(name.kind), object);
  const ofTemplate = template.metadata?.annotations ?? {};
  const optIn = readOptIn(annotations, ofTemplate, annotationKeys, defaultOptIn(name.namespace));
  const seen = readWorkload(name.kind, object, rules);
  const workload = seen ?? asIfOptedIn(name.kind, object, rules);
  const spec = template.spec ?? {};
  const { namespace } = name;
  const mentions = annotatedMentions(spec, namespace, annotations, annotationKeys, optIn, names);
  const references = referencesToRead(workload, mentions, settings.crossNamespaceReferences);
  const podSelector = selectorText(object.spec?.selector ?? {});
  const user = userOf?.(name);
  const runner = runnerOf(name.kind, object, user === 'unknown' ? undefined : user);
  const read = { name, object, runner, seen, workload, optIn, defaultOptIn };
  return { ...read, mentions, references, podSelector };
}
