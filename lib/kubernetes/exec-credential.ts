import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { firstLine } from '../first-line.ts';
import { quote } from '../quote.ts';

/** `exec` of a kubeconfig's user: a program that prints credentials. */
export interface ExecProgram {
  readonly command: string;
  readonly args: readonly string[];
  /** On top of our own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly apiVersion: string;
  readonly needsTerminal: boolean;
}

export interface ExecCredential {
  readonly token: string | undefined;
  /** PEM. */
  readonly certificate: string | undefined;
  /** PEM. */
  readonly key: string | undefined;
  /** By the wall clock, milliseconds; undefined: good until it is refused. */
  readonly expires: number | undefined;
}

/** Long enough for somebody to confirm a login on another device. */
const defaultTimeoutMs = 60_000;

/**
 * Reads `exec` of a user.
 *
 * @param folder of the kubeconfig: as kubectl does, a command with a slash is taken from there
 * @throws Error where it names no command
 */
export function readExecProgram(exec: object, folder: string): ExecProgram {
  const { command, args, env, apiVersion, interactiveMode } = exec as Readonly<
    Record<string, unknown>
  >;
  if (typeof command !== 'string' || command === '') throw new Error('exec names no command');
  const variables = Array.isArray(env) ? env : [];
  return {
    command: command.includes('/') ? resolve(folder, command) : command,
    args: Array.isArray(args) ? args.map(String) : [],
    env: Object.fromEntries(variables.map(({ name, value }) => [String(name), String(value)])),
    apiVersion: typeof apiVersion === 'string' ? apiVersion : 'client.authentication.k8s.io/v1',
    needsTerminal: interactiveMode === 'Always',
  };
}

/**
 * Runs the program and reads the credentials that it prints.
 *
 * The client library does so too, but waits for ever for a program that asks something of a
 * terminal, and quotes what was printed in its error where that is no JSON: a part of a token, in
 * a log.
 *
 * @throws Error whose message is one line that holds nothing of the standard output
 */
export async function askProgram(
  program: ExecProgram,
  environment: Readonly<Record<string, string | undefined>>,
  timeoutMs = defaultTimeoutMs,
): Promise<ExecCredential> {
  const { command, args, env, apiVersion, needsTerminal } = program;
  if (needsTerminal) {
    throw new Error(`the program ${command} wants a terminal (interactiveMode: Always)`);
  }
  const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } };
  const output = await run(command, args, {
    env: { ...environment, ...env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    timeoutMs,
  });
  const credential = parse(output);
  if (credential === undefined) {
    throw new Error(`what the program ${command} printed is no ExecCredential`);
  }
  return credential;
}

function run(
  command: string,
  args: readonly string[],
  { env, timeoutMs }: { env: NodeJS.ProcessEnv; timeoutMs: number },
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = { env, timeout: timeoutMs, killSignal: 'SIGKILL' } as const;
  const child = execFile(command, args, options, (error, stdout, stderr) => {
    if (error === null) return resolve(stdout);
    if (typeof error.code === 'string') {
      return reject(new Error(`the program ${command} cannot be run (${error.code})`));
    }
    if (error.killed === true) {
      return reject(new Error(`the program ${command} did not end in ${timeoutMs / 1000} s`));
    }
    const said = firstLine(stderr);
    const what = said === '' ? 'nothing' : quote(said);
    reject(new Error(`the program ${command} failed and said ${what}`));
  });
  // It learns at once that nobody answers.
  child.stdin?.end();
  return promise;
}

function parse(output: string): ExecCredential | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(output);
  } catch {
    return undefined;
  }
  const { status } = (parsed ?? {}) as { status?: Readonly<Record<string, unknown>> | null };
  const text = (name: string): string | undefined => {
    const value = status?.[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const credential = {
    token: text('token'),
    certificate: text('clientCertificateData'),
    key: text('clientKeyData'),
  };
  if (credential.token === undefined && credential.certificate === undefined) return undefined;
  const expires = Date.parse(text('expirationTimestamp') ?? '');
  return { ...credential, expires: Number.isNaN(expires) ? undefined : expires };
}
