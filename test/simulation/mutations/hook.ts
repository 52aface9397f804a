/** Changes one file of the product when Node loads it. The file on the disk stays unchanged. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Mutation, mutations } from './mutations.ts';

const root = join(import.meta.dirname, '../../..');

export function mutationNamed(name: string): Mutation {
  const found = mutations.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no mutation ${JSON.stringify(name)}`);
  return found;
}

export function mutated({ file, from, to }: Mutation): string {
  const text = readFileSync(join(root, file), 'utf8');
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${from}`);
  return parts.join(to);
}

/** Call this function before the first import of the file. */
export function mutate(mutation: Mutation): void {
  const url = pathToFileURL(join(root, mutation.file)).href;
  const source = mutated(mutation);
  registerHooks({
    load: (loaded, context, next) => {
      const result = next(loaded, context);
      return loaded === url ? { ...result, source } : result;
    },
  });
}
