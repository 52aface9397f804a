/** Sets up a Pod before its containers start: the sandbox and the volumes in it. */
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Api } from '../control-plane/api.ts';
import type { ContainerProcess } from './container-process.ts';
import { startContainerOf } from './container-start.ts';
import type { Images } from './images.ts';
import type { Log } from './logs.ts';
import type { Container, Pod } from './pod.ts';
import { podVolumes } from './pod-volumes.ts';
import { makeEmptyFolderIn, type Sandbox, startSandbox } from './sandbox.ts';
import { tokenSource } from './service-account-token.ts';
import { sourceReader } from './sources.ts';

export type SetUpDeps = {
  api: Api;
  images: Images;
  nodeName: string;
  hostIP: string;
  podIP: string;
  /** Ports of 127.0.0.1 that the Pod can reach. The first one is that of the API server. */
  ports: readonly [number, ...number[]];
  mountPoint: string;
};

export type PodSetUp = {
  /** Undefined before the set-up and after `end`. */
  readonly sandbox: Sandbox | undefined;
  /**
   * Sets up the Pod if necessary, and starts a container. After an error, it can be called again.
   */
  start(container: Container, log: Log): Promise<ContainerProcess>;
  connect(port: number, host?: string): Promise<Socket>;
  /** Updates the volumes: it replaces tokens before they expire, and writes changed sources. */
  sync(): Promise<void>;
  /** Kills all processes in the Pod, and waits for a set-up in progress. */
  end(): Promise<void>;
};

export function podSetUp(pod: Pod, deps: SetUpDeps): PodSetUp {
  const { api, images, nodeName, hostIP, podIP, ports, mountPoint } = deps;
  const { namespace, name } = pod.metadata;
  const hostname = pod.spec.hostname ?? name;
  const placement = { nodeName, hostIP, podIP };
  const apiServer = { host: '127.0.0.1', port: String(ports[0]) };
  const read = sourceReader(api, namespace);
  const token = tokenSource(api, pod);
  let sandbox: Sandbox | undefined;
  let volumes: ReturnType<typeof podVolumes> | undefined;
  let done: Promise<Sandbox> | undefined;
  let isOver = false;

  const setUp = async () => {
    if (isOver) throw new Error('the Pod is being ended');
    sandbox ??= await startSandbox({ mountPoint, ip: podIP, hostname, ports });
    makeEmptyFolderIn(sandbox, 'etc');
    const etc = { hosts: `127.0.0.1\tlocalhost\n${podIP}\t${hostname}\n`, hostname };
    for (const [file, text] of Object.entries(etc))
      writeFileSync(join(sandbox.outside, 'etc', file), text);
    volumes ??= podVolumes(sandbox.outside, { pod, placement, read, token });
    await volumes.sync();
    return sandbox;
  };
  const ready = () => {
    // Containers start at the same time. The first one sets up the Pod for all of them.
    done ??= setUp().catch((error) => {
      done = undefined;
      throw error;
    });
    return done;
  };
  return {
    get sandbox() {
      return sandbox;
    },
    async start(container, log) {
      const own = { pod, container, images, placement, apiServer, read, log };
      return startContainerOf({ ...own, sandbox: await ready() });
    },
    async connect(port, host) {
      if (sandbox === undefined) throw new Error(`Pod ${namespace}/${name} is not set up`);
      return sandbox.connect(port, host);
    },
    async sync() {
      await volumes?.sync();
    },
    async end() {
      isOver = true;
      await done?.catch(() => {});
      await sandbox?.end();
      sandbox = undefined;
    },
  };
}
