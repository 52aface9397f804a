/** Applies the memory limit of the shipped container, by a cgroup if the machine allows one. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Ended, runToItsEnd } from './measure.ts';
import type { PodEnvironment } from './pod.ts';

const limitBytes = shippedMiB() * 1024 * 1024;

interface Files {
  readonly root: string;
  readonly limit: string;
  /** The file and the value that limit memory and swap together (version 1), or swap alone (version 2). */
  readonly swap: readonly [file: string, value: number];
  readonly peak: string;
}

const version2: Files = {
  root: '/sys/fs/cgroup',
  limit: 'memory.max',
  swap: ['memory.swap.max', 0],
  peak: 'memory.peak',
};

const version1: Files = {
  root: '/sys/fs/cgroup/memory',
  limit: 'memory.limit_in_bytes',
  swap: ['memory.memsw.limit_in_bytes', limitBytes],
  peak: 'memory.max_usage_in_bytes',
};

export interface Limited extends Ended {
  /** The peak memory of the cgroup. It does not include cached files that other processes read before. */
  readonly groupPeakMb?: number;
  /** Whether the limit killed the process, or would have killed it. */
  readonly outOfMemory: boolean;
}

export class MemoryLimit {
  readonly #files: Files | undefined;
  #groups = 0;

  constructor() {
    this.#files = [version2, version1].find(canMakeGroup);
  }

  /** A description of the method. */
  get how(): string {
    if (this.#files === undefined) {
      return `no memory cgroup can be made here: a process whose peak (VmHWM) is above ${shippedMiB()} MiB counts as killed`;
    }
    const version = this.#files === version2 ? 'v2' : 'v1';
    return `a memory cgroup (${version}) of ${shippedMiB()} MiB around each process`;
  }

  async run(
    command: readonly string[],
    environment: PodEnvironment,
    folder: string,
  ): Promise<Limited> {
    const files = this.#files;
    if (files === undefined) {
      const ended = await runToItsEnd(command, environment, folder);
      return { ...ended, outOfMemory: (ended.own?.peakMb ?? 0) > limitBytes / 1e6 };
    }
    this.#groups += 1;
    const group = makeGroup(files, `wave-cron-bench-${process.pid}-${this.#groups}`);
    try {
      // The shell joins the cgroup before it becomes the program, so all memory of the program counts.
      const join = ['/bin/sh', '-c', 'echo $$ > "$0" && exec "$@"', `${group}/cgroup.procs`];
      const ended = await runToItsEnd([...join, ...command], environment, folder);
      const groupPeakMb = Number(readFileSync(`${group}/${files.peak}`, 'utf8')) / 1e6;
      return { ...ended, groupPeakMb, outOfMemory: ended.status === 'SIGKILL' };
    } finally {
      rmdirSync(group);
    }
  }
}

function shippedMiB(): number {
  const file = resolve(import.meta.dirname, '../../manifests/cronjob/cronjob.yaml');
  const [, limit] = /limits:\s+memory: (\d+)Mi/.exec(readFileSync(file, 'utf8')) ?? [];
  if (limit === undefined) throw new Error(`${file} has no limit of memory in Mi`);
  return Number(limit);
}

function makeGroup({ root, limit, swap: [swapFile, swap] }: Files, name: string): string {
  const group = join(root, name);
  mkdirSync(group);
  try {
    writeFileSync(join(group, limit), String(limitBytes));
    // The file does not exist if the kernel does not account for swap.
    if (existsSync(join(group, swapFile))) writeFileSync(join(group, swapFile), String(swap));
    return group;
  } catch (error) {
    rmdirSync(group);
    throw error;
  }
}

function canMakeGroup(files: Files): boolean {
  try {
    const group = makeGroup(files, `wave-cron-bench-${process.pid}-try`);
    const complete = existsSync(join(group, files.peak));
    rmdirSync(group);
    return complete;
  } catch {
    return false;
  }
}
