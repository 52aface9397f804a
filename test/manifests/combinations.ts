/** The components that an overlay may combine, and all their combinations. */
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { KubernetesObject } from '../../tools/control-plane/api.ts';
import { build, emptyFolder, overlay, shardsFile } from './kustomize.ts';

export type Form = 'cronjob' | 'deployment';

const kinds = ['argo-rollouts', 'openkruise', 'openshift', 'knative'].map(
  (each) => `kinds/${each}`,
);

/**
 * A combination takes one list of each row. Every second combination has the lists in reverse order; the order
 * within a list stays.
 */
const choices: readonly (readonly (readonly string[])[])[] = [
  [[], ['ownership'], ['ownership', 'ownership-enforced']],
  [[], ['no-admission-policies'], ['namespaced'], ['namespaced', 'admission-policies']],
  [[], ['adoption', 'opt-in-all', 'opt-in-namespace', 'secrets-store', ...kinds]],
  [[], ['sharded']],
  [[], ['metrics', 'prometheus-rule', 'pod-monitor', 'http-trigger', 'watch']],
  [[], ['network-policy', 'notifications']],
];

/** Components that work with one form only. */
const ofForm: Readonly<Record<string, Form>> = {
  sharded: 'cronjob',
  'pod-monitor': 'deployment',
  'http-trigger': 'deployment',
  watch: 'deployment',
};

export type Combination = {
  form: Form;
  components: readonly string[];
  objects: readonly KubernetesObject[];
};

/** The lists of components for a form. Every second one has the lists of the rows in reverse order. */
function combinationsOf(form: Form): string[][] {
  const fits = (name: string) => (ofForm[name] ?? form) === form;
  let lists: (readonly string[])[][] = [[]];
  for (const of of choices) {
    const fitting = of.filter((choice) => choice.length === 0 || choice.some(fits));
    lists = lists.flatMap((list) => fitting.map((choice) => [...list, choice.filter(fits)]));
  }
  return lists.map((list, index) => (index % 2 === 0 ? list : list.toReversed()).flat());
}

/**
 * The number of combinations that one kubectl builds. With a smaller number, the starts of kubectl
 * take longer. With a larger number, kustomize's comparisons take longer.
 */
const batch = 9;

/** Every combination of components with a form, built as an overlay in this namespace. */
export async function* allCombinations(namespace: string): AsyncGenerator<Combination[]> {
  const all = (['cronjob', 'deployment'] as const).flatMap((form) =>
    combinationsOf(form).map((components) => ({ form, components })),
  );
  for (let from = 0; from < all.length; from += batch) {
    yield await buildTogether(all.slice(from, from + batch), namespace);
  }
}

/**
 * Builds several combinations with one kubectl. kustomize refuses two objects with the same name,
 * so each combination gets its own namespace and suffix. Both are removed from the objects
 * afterwards.
 */
async function buildTogether(
  combinations: readonly Omit<Combination, 'objects'>[],
  namespace: string,
): Promise<Combination[]> {
  const top = emptyFolder();
  const folders = combinations.map(({ form, components }, index) => {
    const files = components.includes('sharded') ? shardsFile(3) : {};
    const own = { namespace: `in${mark(index)}`, nameSuffix: mark(index) };
    const resources = [form, ...Object.keys(files)];
    const names = components.map((name) => `components/${name}`);
    return overlay({ ...own, resources, components: names }, files);
  });
  const resources = folders.map((folder) => relative(top, folder));
  writeFileSync(join(top, 'kustomization.yaml'), JSON.stringify({ resources }));
  const objects = await build(top);
  return combinations.map((combination, index) => ({
    ...combination,
    objects: objects
      .map((object) => JSON.stringify(object))
      .filter((text) => text.includes(mark(index)))
      .map((text) => text.replaceAll(`in${mark(index)}`, namespace).replaceAll(mark(index), ''))
      .map((text) => JSON.parse(text) as KubernetesObject),
  }));
}

const mark = (index: number): string => `-combination-${index}-x`;
