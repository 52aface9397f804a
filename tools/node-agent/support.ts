/** Whether this machine can run the node agent. */
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';

export type Support = { ok: true } | { ok: false; why: string };

/** The programs of util-linux, iproute2 and coreutils that sandboxes need. */
export const tools = ['unshare', 'nsenter', 'setpriv', 'mount', 'ip', 'env', 'sh'] as const;

export type Tool = (typeof tools)[number];

// Tries the main steps of a sandbox. $1 is any folder.
const trial = 'ip link set lo up && mount -t tmpfs tmpfs "$1" && mount -o remount,bind,ro "$1"';

let known: Support | undefined;

/**
 * For `test(name, { skip })`. Sandboxes need root on Linux with these tools. A container engine or
 * a hardened kernel may still forbid mounts or namespaces.
 */
export function nodeAgentSupport(): Support {
  known ??= findOut();
  return known;
}

/** The value for `skip`: false, or the reason to skip. */
export function skipWithoutNodeAgent(): false | string {
  const support = nodeAgentSupport();
  return support.ok ? false : `the node agent cannot run here: ${support.why}`;
}

function findOut(): Support {
  if (process.platform !== 'linux') return no(`it needs Linux, and this is ${process.platform}`);
  if (process.getuid?.() !== 0) return no('it needs root (run the tests with sudo)');
  const missing = tools.filter((tool) => findTool(tool) === undefined);
  if (missing.length > 0) {
    return no(`${missing.join(', ')} not found: install util-linux and iproute2`);
  }
  const flags = ['--mount', '--net', '--uts', '--ipc', '--pid', '--fork'];
  const { status, stderr } = spawnSync(
    toolPath('unshare'),
    [...flags, toolPath('sh'), '-c', trial, 'sh', tmpdir()],
    { encoding: 'utf8', env: { PATH: toolFolders } },
  );
  if (status !== 0) return no(`namespaces and mounts are not permitted (${stderr.trim()})`);
  return { ok: true };
}

const no = (why: string): Support => ({ ok: false, why });

/** The absolute path of a tool. Containers need it, because they have another PATH. */
export function toolPath(tool: Tool): string {
  const file = findTool(tool);
  if (file === undefined) throw new Error(`${tool} not found: install util-linux and iproute2`);
  return file;
}

/** The PATH for tools. The user's PATH may not include the folders of root's tools. */
export const toolFolders = `/usr/sbin:/usr/bin:/sbin:/bin:${process.env['PATH'] ?? ''}`;

const found = new Map<Tool, string>();

function findTool(tool: Tool): string | undefined {
  const known = found.get(tool);
  if (known !== undefined) return known;
  const { status, stdout } = spawnSync('/bin/sh', ['-c', `command -v ${tool}`], {
    encoding: 'utf8',
    env: { PATH: toolFolders },
  });
  if (status !== 0) return undefined;
  found.set(tool, stdout.trim());
  return stdout.trim();
}
