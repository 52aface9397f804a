/**
 * Checks that a walk finds each mutation of the product:
 *
 *     npm run test:mutations -- --steps 50000 --seed 1
 *
 * With UPDATE=1, writes the table to docs/reliability.md.
 */
import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import type { Part } from '../part.ts';
import { mutations } from './mutations.ts';
import { type Found, tableOf, writeTable } from './table.ts';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '50000' },
    seed: { type: 'string', default: '1' },
    processes: { type: 'string', default: '2' },
    /** A regular expression. Only mutations with matching names are tried. */
    only: { type: 'string', default: '' },
  },
});
const print = (text: string): void => void process.stdout.write(`${text}\n`);

const left = mutations.filter(({ name }) => new RegExp(values.only).test(name));
const found: Found[] = [];
const waiting = [...left];
await Promise.all(Array.from({ length: Number(values.processes) }, worker));
const inOrder = left.flatMap(({ name }) => found.filter((each) => each.name === name));
print(tableOf(inOrder));
if (process.env['UPDATE'] === '1') {
  writeTable(inOrder, Number(values.seed), Number(values.steps));
}
process.exitCode = inOrder.every(({ after }) => after !== undefined) ? 0 : 1;

async function worker(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const one = await look(next.name);
    found.push(one);
    print(`${one.after ?? 'not found'}: ${one.name}: ${one.by ?? ''}`);
  }
}

function look(name: string): Promise<Found> {
  const { promise, resolve, reject } = Promise.withResolvers<Found>();
  const steps = Number(values.steps);
  const given = { steps, seed: Number(values.seed), mutation: name, stopsAtFailure: true };
  const child = fork(new URL('../part.ts', import.meta.url), [JSON.stringify(given)]);
  child.on('message', (message: Part | { readonly failed: readonly number[] }) => {
    if (!('digests' in message)) return;
    const [first] = message.failures;
    resolve({ name, after: first?.after, by: first?.violations[0] });
  });
  child.on('exit', (code) => reject(new Error(`${name}: a process ended with status ${code}`)));
  return promise;
}
