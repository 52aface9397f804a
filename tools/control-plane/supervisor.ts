/**
 * The process that owns the folder and the programs of a control plane. If the parent ends, even by
 * kill -9, the channel to it closes. Then this process kills the programs, removes the folder and
 * ends.
 *
 * It has its own session, so a Ctrl-C in the terminal reaches only the parent. The parent may need
 * to move the logs before it ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Request =
  | { id: number; do: 'start'; name: string; file: string; args: string[] }
  | { id: number; do: 'kill'; name: string };

export type Message =
  | { event: 'ready'; folder: string }
  | { event: 'exit'; name: string; how: string }
  | { event: 'done'; id: number; pid?: number; error?: string };

if (!process.send) throw new Error('supervisor.ts is started by control-plane.ts, never by hand');

const folder = mkdtempSync(join(tmpdir(), 'wave-cron-control-plane-'));
const logs = join(folder, 'logs');
mkdirSync(logs);

type Program = { child: ChildProcess; ended: Promise<void> };
const programs = new Map<string, Program>();

// The parent has ended and cannot be notified. The event 'disconnect' follows.
const tell = (message: Message) => process.send?.(message, () => {});

function start(name: string, file: string, args: string[]): number {
  const log = openSync(join(logs, `${name}.log`), 'a');
  const child = spawn(file, args, { cwd: folder, stdio: ['ignore', log, log] });
  closeSync(log);
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const end = (how: string) => {
    programs.delete(name);
    tell({ event: 'exit', name, how });
    resolve();
  };
  child.on('error', (error) => end(error.message));
  child.on('exit', (code, signal) => end(signal ?? `exit status ${code}`));
  programs.set(name, { child, ended });
  return child.pid ?? -1;
}

async function kill(name: string): Promise<void> {
  const program = programs.get(name);
  program?.child.kill('SIGKILL');
  await program?.ended;
}

async function end(): Promise<never> {
  await Promise.all([...programs.keys()].map(kill));
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit();
}

process.on('message', async (request: Request) => {
  const { id } = request;
  try {
    if (request.do === 'kill') await kill(request.name);
    const pid =
      request.do === 'start' ? start(request.name, request.file, request.args) : undefined;
    tell({ event: 'done', id, ...(pid === undefined ? {} : { pid }) });
  } catch (error) {
    tell({ event: 'done', id, error: error instanceof Error ? error.message : String(error) });
  }
});
process.on('disconnect', end);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
process.on('uncaughtException', end);

tell({ event: 'ready', folder });
