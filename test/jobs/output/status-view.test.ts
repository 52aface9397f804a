import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { screenView, streamView } from '../../../jobs/output/status-view.ts';
import { statusReport, workloadStatus } from './status-report.ts';
import { TestTerminal } from './terminal-of-a-test.ts';

function texts() {
  const printed: string[] = [];
  const logged: string[] = [];
  const note = (...parts: readonly unknown[]) => void logged.push(String(parts.at(-1)));
  const text = ({ workloads }: { workloads: readonly { state: string }[] }) =>
    workloads.map(({ state }) => state).join();
  const print = (line: string) => void printed.push(line);
  return { printed, logged, texts: { text, print, log: { error: note, warn: note } } };
}

const paused = statusReport({ workloads: [workloadStatus('web', 'Paused')] });
const upToDate = statusReport({ workloads: [workloadStatus('web', 'UpToDate')] });
const later = (report: typeof paused) => ({ ...report, readAt: '2026-11-30T12:00:05Z' });

suite('a stream', () => {
  test('has a text for each change, and none if only time has passed', () => {
    const { printed, texts: given } = texts();
    const view = streamView(given, '\n');
    for (const report of [paused, later(paused), upToDate, paused]) view.show(report);
    assert.deepEqual(printed, ['Paused', '\nUpToDate', '\nPaused']);
  });

  test('has each error once, until a read succeeds', () => {
    const { printed, logged, texts: given } = texts();
    const view = streamView(given, '\n');
    view.show(paused);
    for (const problem of ['down', 'down', 'denied']) view.fail(problem);
    view.show(later(paused));
    view.fail('denied');
    assert.deepEqual(logged, ['down', 'denied', 'denied']);
    assert.deepEqual(printed, ['Paused']);
  });
});

suite('a screen', () => {
  test('shows the last report with its time, and the error of a later read above it', () => {
    const { printed, texts: given } = texts();
    const terminal = Object.assign(new TestTerminal(), { columns: 80 });
    const view = screenView(given, terminal, 'Every 5s');
    view.show(paused);
    const title = 'Every 5s: namespace shop, read at 2026-11-30T12:00:00Z';
    assert.deepEqual(terminal.lines, [title, '', 'Paused']);
    view.fail('the cluster is down');
    assert.deepEqual(terminal.lines, [title, 'the cluster is down', '', 'Paused']);
    view.show({ ...upToDate, incomplete: 'it took too long' });
    assert.match(terminal.lines[1] ?? '', /^some workloads are missing/);
    assert.deepEqual(printed, []);
  });

  test('leaves the last report on the terminal', () => {
    const { printed, texts: given } = texts();
    const terminal = new TestTerminal();
    const view = screenView(given, terminal, 'Every 5s');
    view.show(paused);
    view.show(upToDate);
    view.end();
    assert.deepEqual(printed, ['UpToDate']);
    assert.ok(terminal.written.endsWith('\u001b[?1049l'));
  });
});
