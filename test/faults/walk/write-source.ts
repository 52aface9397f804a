/** The actions of a walk's user on ConfigMaps and Secrets. */
import { path } from '../../../tools/control-plane/api.ts';
import { configMap, secret } from '../../../tools/control-plane/objects.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { sourceValue } from './model.ts';
import { sourceNames } from './names.ts';
import type { UserStep } from './steps.ts';
import type { User } from './user.ts';

type SourceStep = Extract<UserStep, { do: 'write source' }>;

export const writeSource = (user: User, step: SourceStep): Promise<void> =>
  noted(user, (version) => sendSource(user, step, version));

export const deleteSource = (user: User, source: number): Promise<void> =>
  noted(user, async () => {
    const { kind, name } = sourceNames[source] ?? sourceNames[0];
    await testCluster().api.delete(path(kind, user.namespace, name));
    user.model.sources[source] = undefined;
  });

/** Records that a write is under way: during a write, nobody knows which version a pass reads. */
async function noted(
  { model, clock }: User,
  write: (version: number) => Promise<void>,
): Promise<void> {
  const { sourceWrites } = model;
  sourceWrites.underWay += 1;
  sourceWrites.count += 1;
  try {
    await write(sourceWrites.count);
  } finally {
    sourceWrites.underWay -= 1;
    sourceWrites.lastAt = clock.time();
  }
}

async function sendSource(
  { namespace, model }: User,
  { source, x, y }: SourceStep,
  version: number,
): Promise<void> {
  const { api } = testCluster();
  const { kind, name } = sourceNames[source] ?? sourceNames[0];
  const value = (of: number) => sourceValue(kind, of);
  const data = { x: value(x), ...(y === null ? {} : { y: value(y) }) };
  const known = model.sources[source];
  if (known === undefined) {
    const make = kind === 'Secret' ? secret : configMap;
    const made = await api.create(make({ namespace, name, data, planted: false }));
    model.sources[source] = { uid: made.metadata.uid ?? '', data, version };
    return;
  }
  const encode = (text: string) =>
    kind === 'Secret' ? Buffer.from(text).toString('base64') : text;
  const patch = { x: encode(data.x), y: data.y === undefined ? null : encode(data.y) };
  await api.patch(path(kind, namespace, name), { data: patch }, 'merge');
  const isNew = isDifferent(sorted(known.data), sorted(data));
  model.sources[source] = { ...known, data, version: isNew ? version : known.version };
}

const sorted = (data: Readonly<Record<string, string>>) => Object.entries(data).sort();

export const isDifferent = (a: object, b: object) => JSON.stringify(a) !== JSON.stringify(b);
