/** The components that an overlay may combine, each with what has to be seen of it whatever is beside it. */
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { KubernetesObject } from '../../tools/control-plane/api.ts';
import { build, emptyFolder, overlay, shardsFile } from './kustomize.ts';

export type Form = 'cronjob' | 'deployment';

const kinds = ['argo-rollouts', 'openkruise', 'openshift', 'knative'].map(
  (each) => `kinds/${each}`,
);

/** One list of each of these, in this order or, but for a list's own, in another one. */
const choices: readonly (readonly (readonly string[])[])[] = [
  [[], ['ownership'], ['ownership', 'ownership-enforced']],
  [[], ['no-admission-policies'], ['namespaced'], ['namespaced', 'admission-policies']],
  [[], ['adoption', 'opt-in-all', 'opt-in-namespace', 'secrets-store', ...kinds]],
  [[], ['sharded']],
  [[], ['metrics', 'prometheus-rule', 'pod-monitor', 'http-trigger', 'watch']],
  [[], ['network-policy', 'notifications']],
];

/** What belongs to one form alone. */
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

/** Lists of components, every second one the other way round. */
function combinationsOf(form: Form): string[][] {
  const fits = (name: string) => (ofForm[name] ?? form) === form;
  let lists: (readonly string[])[][] = [[]];
  for (const of of choices) {
    const fitting = of.filter((choice) => choice.length === 0 || choice.some(fits));
    lists = lists.flatMap((list) => fitting.map((choice) => [...list, choice.filter(fits)]));
  }
  return lists.map((list, index) => (index % 2 === 0 ? list : list.toReversed()).flat());
}

/** How many are built by one kubectl: fewer take longer for its start, more for what kustomize compares. */
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
 * kustomize takes no two objects of one name, so each combination has a namespace and names with a mark,
 * which is taken off the objects again.
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
