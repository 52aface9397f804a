/**
 * Builds programs from the pinned Go modules in `go/`. Only one process builds at a time, one
 * program after the other.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withLock } from './lock.ts';
import { showProgress } from './progress.ts';

export type Build = {
  name: string;
  /**
   * The Go package of the program's `main`, in a module that is pinned by the go.mod of
   * `moduleFolder`.
   */
  package: string;
  moduleFolder: string;
  ldflags: string;
  /**
   * The folder for the finished program. All folders of one run have the same parent, which
   * contains the lock.
   */
  folder: string;
};

const lastLines = 15;
const unfinished = '.unfinished-';

/**
 * Builds each program to `<folder>/<name>`. The file appears only when it is complete.
 *
 * Waits while another process builds, and skips programs that the other process has built. Throws
 * if Go is missing; if `go build` fails, the error contains its last lines.
 */
export async function buildBinaries(builds: readonly Build[]): Promise<void> {
  for (const { folder } of builds) mkdirSync(folder, { recursive: true });
  const root = dirname(builds[0]?.folder ?? '.');
  const onWait = (holder: string) =>
    process.stderr.write(
      `waiting for another build of the control plane (${holder}; lock ${join(root, 'build.lock')})\n`,
    );
  await withLock(
    join(root, 'build.lock'),
    async () => {
      const missing = builds.filter(({ folder, name }) => !existsSync(join(folder, name)));
      for (const [index, build] of missing.entries()) {
        const progress = showProgress(`building ${index + 1} of ${missing.length}: ${build.name}`);
        try {
          await buildOne(build);
        } finally {
          progress.end();
        }
      }
    },
    { onWait },
  );
}

async function buildOne(build: Build): Promise<void> {
  // We have the lock, so an unfinished folder was left by a process that was killed.
  for (const file of readdirSync(build.folder)) {
    if (file.startsWith(unfinished)) rmSync(join(build.folder, file), { recursive: true });
  }
  const target = join(build.folder, `${unfinished}${build.name}-${process.pid}`);
  try {
    await runGo(build, target);
    renameSync(target, join(build.folder, build.name));
  } finally {
    rmSync(target, { force: true });
  }
}

async function runGo(build: Build, target: string): Promise<void> {
  const args = ['build', '-trimpath', '-buildvcs=false', '-ldflags', build.ldflags];
  const child = spawn('go', [...args, '-o', target, build.package], {
    cwd: build.moduleFolder,
    // With the user's GOFLAGS or workspace, the build could use other versions than those in
    // go.sum.
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = `${output.join('\n')}${text}`.split('\n').slice(-lastLines);
    });
  }
  const { promise, resolve, reject } = Promise.withResolvers<number | NodeJS.Signals | null>();
  child.on('error', reject);
  child.on('close', (code, signal) => resolve(code ?? signal));
  const result = await promise.catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? noGo(build) : error;
  });
  if (result !== 0) {
    throw new Error(
      `building ${build.name} (${build.package}, pinned in ${build.moduleFolder}/go.mod) failed, go build ended with ${result}:\n${output.join('\n').trim()}`,
    );
  }
}

function noGo({ name, folder }: Build): Error {
  return new Error(
    `${name} is not there and cannot be built, since there is no "go" on the PATH: install Go 1.26 or newer (https://go.dev/dl), or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kube-controller-manager, or put ${name} into ${folder}`,
  );
}
