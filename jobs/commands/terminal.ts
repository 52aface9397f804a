/**
 * The commands for a terminal behind one import. A pass in the cluster loads none of them, and a
 * single file keeps their code in few files: see build/program.ts.
 */
export { settingsBeside } from '../cli/installation.ts';
export { askOn } from '../cli/question.ts';
export { approve } from './approve.ts';
export { check } from './check.ts';
export { complete } from './complete.ts';
export { explain } from './explain.ts';
export { history } from './history.ts';
export { plan } from './plan.ts';
export { release } from './release.ts';
export { status } from './status.ts';
