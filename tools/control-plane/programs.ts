/**
 * The parent's side of supervisor.ts. The programs end with this process, and their folder is
 * deleted.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Message, Request } from './supervisor.ts';

type Body = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

export type Programs = {
  /**
   * A new folder, which is removed at the end. The output of the programs is in `logs/<name>.log`.
   */
  folder: string;
  start(name: string, file: string, args: readonly string[]): Promise<{ pid: number }>;
  /**
   * Kills the program with SIGKILL, and resolves when it has ended. Does nothing if the program is
   * not running.
   */
  kill(name: string): Promise<void>;
  /**
   * How a program ended by itself. Undefined if it is running, was killed with `kill`, or was never
   * started.
   */
  howEnded(name: string): string | undefined;
  /** The last log lines of the program, for messages. */
  lastLogLines(name: string, count?: number): string;
  /** Kills all programs and removes the folder. Resolves when that is done. */
  end(): Promise<void>;
};

/** Starts the supervisor. Only a call in progress keeps this process alive. */
export async function startPrograms(): Promise<Programs> {
  const supervisor = fork(join(import.meta.dirname, 'supervisor.ts'), {
    detached: true,
    // The supervisor must not inherit the flags and variables of a test run (--test, coverage,
    // inspection).
    execArgv: [],
    env: withoutNodeVariables(process.env),
    stdio: 'ignore',
  });
  const exited = once(supervisor, 'exit');
  const calls = callsTo(supervisor);
  const ended = new Map<string, string>();
  const killed = new Set<string>();
  supervisor.on('message', (message: Message) => {
    if (message.event === 'exit' && !killed.has(message.name)) ended.set(message.name, message.how);
  });
  const folder = await calls.folder;
  return {
    folder,
    async start(name, file, args) {
      killed.delete(name);
      ended.delete(name);
      return { pid: (await calls.call({ do: 'start', name, file, args: [...args] })) ?? -1 };
    },
    async kill(name) {
      killed.add(name);
      await calls.call({ do: 'kill', name });
    },
    howEnded: (name) => ended.get(name),
    lastLogLines(name, count = 15) {
      const text = readFileSync(join(folder, 'logs', `${name}.log`), 'utf8');
      return text.trimEnd().split('\n').slice(-count).join('\n');
    },
    async end() {
      supervisor.ref();
      if (supervisor.connected) supervisor.disconnect();
      await exited;
    },
  };
}

function callsTo(supervisor: ChildProcess) {
  const ready = Promise.withResolvers<string>();
  const waiting = new Map<number, PromiseWithResolvers<number | undefined>>();
  let lastId = 0;
  const keepAlive = (wanted: boolean) => {
    if (wanted) supervisor.channel?.ref();
    else supervisor.channel?.unref();
  };
  supervisor.unref();
  supervisor.on('message', (message: Message) => {
    if (message.event === 'ready') ready.resolve(message.folder);
    if (message.event !== 'done') {
      keepAlive(waiting.size > 0);
      return;
    }
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    keepAlive(waiting.size > 0);
    if (message.error === undefined) call?.resolve(message.pid);
    else call?.reject(new Error(message.error));
  });
  supervisor.on('exit', () => {
    const gone = new Error('the supervisor of the control plane has ended');
    ready.reject(gone);
    for (const call of waiting.values()) call.reject(gone);
  });
  return {
    folder: ready.promise,
    call(body: Body): Promise<number | undefined> {
      const id = ++lastId;
      const call = Promise.withResolvers<number | undefined>();
      waiting.set(id, call);
      keepAlive(true);
      supervisor.send({ id, ...body } satisfies Request, (error) => error && call.reject(error));
      return call.promise;
    },
  };
}

function withoutNodeVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !key.startsWith('NODE_')));
}
