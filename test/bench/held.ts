/**
 * `npm run bench -- --held`: measures passes over workloads with changes that are all held, in turn with passes
 * that have nothing to do, each on its own cluster. It shows the cost of a hold, which may last for weeks.
 */
import { path } from '../../tools/control-plane/api.ts';
import { type AgainstResults, inTurns, measureOne } from './against.ts';
import { create, usedObjects, workloadsOf } from './load.ts';
import { changeEach, expectCount, runProgram } from './scenarios.ts';
import { type Size, usedSources } from './size.ts';
import { type Bench, onStages } from './stage.ts';

const pause = { 'wave.pusher.com/rollout-pause': 'true' };

export async function held(bench: Bench, checkout: string, size: Size): Promise<AgainstResults> {
  const rounds = { small: 7, medium: 9, large: 3 }[size.name];
  bench.tell('starting two control planes ...');
  return await onStages(bench, [checkout, checkout], async (holding, idle) => {
    const used = usedSources(size);
    const objects = size.namespaces + size.deployments + used.configMaps + used.secrets;
    for (const stage of [holding, idle]) {
      bench.tell(`creating ${objects} objects, and their first pass ...`);
      await create(stage.api, usedObjects(size), objects, bench.tell);
      await runProgram(stage);
    }
    const optedIn = workloadsOf(size).filter((workload) => workload.optedIn);
    const namespaces = new Set(optedIn.map((each) => each.namespace));
    for (const namespace of namespaces) {
      const metadata = { annotations: pause };
      await holding.api.patch(path('Namespace', undefined, namespace), { metadata });
    }
    await changeEach(holding, optedIn);
    // The first pass records the holds. Its writes are not part of the measurement.
    expectCount(await runProgram(holding), 'Paused', optedIn.length);
    const name = `${optedIn.length} held, against nothing to do`;
    const pairs = await inTurns(bench, name, rounds, [holding, idle], (stage) =>
      measureOne(stage, optedIn, stage === holding ? 'Paused' : 'UpToDate'),
    );
    const more = `${namespaces.size} get namespaces`;
    return { size: size.name, comparisons: [{ name, pairs, more }] };
  });
}
