/**
 * The sandbox of one Pod: its namespaces (network, processes, mounts, IPC, host name), its own
 * address, and a file system in memory for its volumes. One process (pause.ts) keeps all of it, and
 * when that ends, everything is removed. The disk and the network of the machine are not changed.
 *
 * On 127.0.0.1, a Pod can reach the API server, at the same port as outside, and the ports that the
 * test adds. From outside, only `connect` reaches the address of the Pod.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { connect as connectOutside, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Message, Request } from './pause.ts';
import { childOf, signalProcess } from './processes.ts';
import { toolFolders, toolPath } from './support.ts';

export type Sandbox = {
  ip: string;
  /** The path of the file system in memory, in the mount namespace of the Pod. */
  folder: string;
  /**
   * The path of the same file system from outside. Files that are written here appear in the Pod.
   */
  outside: string;
  /** `nsenter` with the flags that run a program in the Pod's namespaces. */
  enter: readonly string[];
  /** Connects to a port of the Pod. Throws if no process listens there. */
  connect(port: number, host?: string): Promise<Socket>;
  /** Kills all processes in the Pod. Resolves when they have ended. */
  end(): Promise<void>;
};

export type SandboxOptions = {
  /** An empty folder. The sandbox mounts its file system over it, so outside it stays empty. */
  mountPoint: string;
  ip: string;
  hostname: string;
  /** Ports of 127.0.0.1 outside that are available at the same port in the Pod. */
  ports: readonly number[];
};

// Arguments: $1 mount point, $2 address, $3 host name, then node and its arguments.
const setUp = `
mount -t tmpfs -o mode=755,nosuid,nodev node-agent "$1"
ip link set lo up
ip address add "$2/32" dev lo
echo "$3" > /proc/sys/kernel/hostname
shift 3
exec "$@"
`;

const namespaces = ['--mount', '--net', '--uts', '--ipc', '--pid'];

/** On failure, it throws an error with the output of the failed tool, and removes everything. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { mountPoint, ip, hostname, ports } = options;
  const pause = join(import.meta.dirname, 'pause.ts');
  const child = spawn(
    toolPath('unshare'),
    // If the wrapper is killed, the Pod must end too.
    [
      ...[...namespaces, '--fork', '--kill-child', '--propagation', 'private', '--'],
      ...[toolPath('sh'), '-euc', setUp, 'sh', mountPoint, ip, hostname],
      ...[process.execPath, pause],
    ],
    // It has its own session, so a Ctrl-C in the terminal reaches only the test run, which then
    // ends the Pod.
    { detached: true, stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env: { PATH: toolFolders } },
  );
  child.unref();
  const gone = once(child, 'exit');
  try {
    const network = networkOf(child, ports);
    await Promise.race([network.ready, died(child)]);
    const pid = childOf(child.pid ?? -1);
    return {
      ip,
      folder: mountPoint,
      outside: `/proc/${pid}/root${mountPoint}`,
      enter: [
        toolPath('nsenter'),
        `--target=${pid}`,
        ...['--mount', '--net', '--uts', '--ipc', '--pid', '--'],
      ],
      connect: (port, host = ip) => network.connect(host, port),
      async end() {
        child.ref();
        network.close();
        // The parent ends after all processes of the namespace. If the parent were killed, nothing
        // would wait for them.
        signalProcess(pid, 'SIGKILL');
        await gone;
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function died(child: ChildProcess): Promise<never> {
  let words = '';
  const stderr = child.stderr as Socket | null;
  stderr?.unref();
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    words += text;
  });
  const [code, signal] = await once(child, 'close');
  throw new Error(`a Pod's sandbox ended (${signal ?? `exit status ${code}`}): ${words.trim()}`);
}

/** The agent's side of the network: see pause.ts. */
function networkOf(child: ChildProcess, ports: readonly number[]) {
  const ready = Promise.withResolvers<void>();
  const servers = new Map<number, Server>();
  const waiting = new Map<number, PromiseWithResolvers<Socket>>();
  let lastId = 0;
  const ask = (request: Request) => child.send(request, (error) => error && ready.reject(error));
  child.on('message', (message: Message, handle) => {
    if (message.event === 'listening') {
      const server = handle as Server;
      server.unref().on('connection', (socket) => forward(socket, message.port));
      servers.set(message.port, server);
      if (servers.size === ports.length) ready.resolve();
      return;
    }
    const connection = waiting.get(message.id);
    waiting.delete(message.id);
    if (waiting.size === 0) child.channel?.unref();
    if (message.event === 'failed') connection?.reject(new Error(message.why));
    else connection?.resolve(handle as Socket);
  });
  child.on('exit', () => {
    for (const connection of waiting.values()) connection.reject(new Error('the Pod is gone'));
  });
  for (const port of ports) ask({ do: 'listen', port });
  child.channel?.unref();
  return {
    ready: ready.promise,
    connect(host: string, port: number): Promise<Socket> {
      const connection = Promise.withResolvers<Socket>();
      const id = ++lastId;
      waiting.set(id, connection);
      // A caller waits for the connection, so the channel must keep this process alive.
      child.channel?.ref();
      ask({ do: 'connect', id, host, port });
      return connection.promise;
    },
    close() {
      for (const server of servers.values()) server.close();
    },
  };
}

function forward(inside: Socket, port: number): void {
  const outside = connectOutside({ port, host: '127.0.0.1' });
  for (const [from, to] of [
    [inside, outside],
    [outside, inside],
  ] as const) {
    from.pipe(to);
    // If one connection breaks, the other is closed at once, as if they were connected directly. It is not
    // reset: a reset fails while the connection is shut down, and then this process would never end.
    from.on('error', () => to.destroy());
    from.unref();
  }
}

/**
 * Creates an empty folder in the file system of the Pod. It removes an earlier one with this name.
 */
export function makeEmptyFolderIn({ outside }: Sandbox, folder: string): void {
  rmSync(join(outside, folder), { recursive: true, force: true });
  mkdirSync(join(outside, folder), { recursive: true });
}
