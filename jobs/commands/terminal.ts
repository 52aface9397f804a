/**
 * Exports the commands for a terminal, so that one import loads them. A pass in the cluster does
 * not load them. With a single import, the bundler puts their code into few files: see
 * build/program.ts.
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
export { ui } from './ui.ts';
