/** One run of a container: from its set-up to its exit code. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { RunContainerError } from './errors.ts';
import type { Identity } from './identity.ts';
import type { Log } from './logs.ts';
import { timestamp } from './pod.ts';
import { dropPrivileges } from './privileges.ts';
import { childOf, childrenOf, signalProcess } from './processes.ts';
import { type RootFileSystem, sh } from './root-file-system.ts';
import type { Sandbox } from './sandbox.ts';
import { toolFolders, toolPath } from './support.ts';

export type ContainerSpec = {
  sandbox: Sandbox;
  root: RootFileSystem;
  identity: Identity;
  variables: ReadonlyMap<string, string>;
  workingDir: string;
  /** The program, searched in the PATH of the container, and its arguments. */
  command: readonly string[];
  log: Log;
  /** The termination message file, as a path of this process. */
  messageFile: string;
};

export type ContainerProcess = {
  /** The process id on this machine. In the container it is 1. */
  pid: number;
  startedAt: string;
  /**
   * The exit code of the process. If a signal ended the process: 128 plus the number of the signal.
   */
  exited: Promise<number>;
  signal(signal: NodeJS.Signals): void;
  /** The content of the container's termination message file. */
  terminationMessage(): string;
  /** Runs a command in the container, like a probe. Resolves to true if it ended with status 0. */
  exec(command: readonly string[], timeoutMs: number): Promise<boolean>;
};

// The first child of this shell is process 1 of the new namespace. unshare could wait for it too,
// but returns 1 if the process was killed. The output of the shell does not belong to the log of
// the container.
const waiter = 'exec 4>&2 2>/dev/null; "$0" -euc "$1" 2>&4 4>&-; exit $?';

/**
 * Resolves when the program of the container has started. If its root file system cannot be set up,
 * it throws an error with the output.
 */
export async function startContainer(spec: ContainerSpec): Promise<ContainerProcess> {
  const { sandbox, root, identity, variables, workingDir, command, log } = spec;
  const enter = [toolPath('unshare'), `--root=${root.root}`, `--wd=${workingDir}`];
  const run = [
    ...dropPrivileges(identity, variables),
    ...[...enter, `--setuid=${identity.user}`, '--', ...command],
  ];
  const script = [...root.commands, 'echo ready >&3', `exec ${sh(...run)} 3>&-`].join('\n');
  const own = [toolPath('unshare'), '--mount', '--pid', '--', toolPath('sh'), '-c', waiter];
  const [program = '', ...args] = [...sandbox.enter, ...own, toolPath('sh'), script];
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { PATH: toolFolders },
  });
  child.unref();
  for (const stream of [pipeOf(child, 1), pipeOf(child, 2)]) {
    stream.setEncoding('utf8').on('data', (text: string) => log.write(text));
  }
  const exited = exitCode(child);
  const ready = await Promise.race([once(pipeOf(child, 3), 'data'), exited]);
  if (typeof ready === 'number') throw new RunContainerError(log.lastLines());
  // The child of nsenter is the waiting shell, and its child is the container.
  const pid = childOf(childOf(child.pid ?? -1));
  return {
    pid,
    startedAt: timestamp(),
    exited,
    signal: (signal) => signalProcess(pid, signal),
    terminationMessage: () => readIfThere(spec.messageFile),
    exec: (command, timeoutMs) => execIn(spec, pid, command, timeoutMs),
  };
}

// If the complete Pod was killed, its files do not exist any more.
function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** A pipe from a child. It does not keep this process alive. */
function pipeOf(child: ChildProcess, descriptor: 1 | 2 | 3): Socket {
  const pipe = child.stdio[descriptor];
  if (!(pipe instanceof Socket)) throw new Error(`nothing was started: ${child.spawnfile}`);
  return pipe.unref();
}

async function exitCode(child: ChildProcess): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  // This is not the event "exit", because the pipes may still contain the last output then.
  child.on('close', (code, signal) => resolve(code ?? signalExitCode(signal)));
  child.on('error', () => resolve(startErrorCode));
  return promise;
}

const startErrorCode = 128;

const signalExitCode = (signal: NodeJS.Signals | null) =>
  128 + (signal === null ? 0 : constants.signals[signal]);

async function execIn(
  { identity, variables }: ContainerSpec,
  pid: number,
  command: readonly string[],
  timeoutMs: number,
): Promise<boolean> {
  const spaces = ['--mount', '--net', '--uts', '--ipc', '--pid', '--root', '--wd'];
  const [program = '', ...args] = [
    // These capabilities are needed to enter the namespaces of another user's process.
    ...dropPrivileges(identity, variables, ['sys_admin', 'sys_ptrace']),
    ...[toolPath('nsenter'), `--target=${pid}`, ...spaces, `--setuid=${identity.user}`],
    ...['--', ...command],
  ];
  const child = spawn(program, args, { detached: true, stdio: 'ignore' });
  child.unref();
  const timer = setTimeout(() => killWithChild(child.pid ?? -1), timeoutMs).unref();
  const code = await exitCode(child);
  clearTimeout(timer);
  return code === 0;
}

function killWithChild(pid: number): void {
  const inside = childrenOf(pid)[0];
  if (inside !== undefined) signalProcess(inside, 'SIGKILL');
  signalProcess(pid, 'SIGKILL');
}
