import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { firstLine } from '../../text/first-line.ts';
import { maskCredentials } from '../../text/mask-credentials.ts';
import { printable } from '../../text/printable.ts';
import { quote } from '../../text/quote.ts';
import type { ExecCluster } from './exec-cluster.ts';

/** `exec` of a user in a kubeconfig: a program that prints credentials. */
export interface ExecProgram {
  readonly command: string;
  readonly args: readonly string[];
  /** Environment variables to add to the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
  readonly apiVersion: string;
  readonly needsTerminal: boolean;
  /** Whether the program needs the cluster information. */
  readonly wantsCluster: boolean;
}

export interface ExecCredential {
  readonly token: string | undefined;
  /** PEM. */
  readonly certificate: string | undefined;
  /** PEM. */
  readonly key: string | undefined;
  /** Milliseconds of the wall clock; undefined: valid until the server denies it. */
  readonly expires: number | undefined;
}

const largestOutput = 1024 * 1024;
/** A value that is shorter than this is more likely `true` or a region than a secret. */
const shortestSecret = 8;
/** Long enough to confirm a login on another device. */
const defaultTimeoutMs = 60_000;
/** The time-out at a terminal, which is as long as the login codes of most issuers are valid. */
const defaultTimeoutAtTerminalMs = 15 * 60_000;
/** An incomplete line is shown after this time. */
const unfinishedLineMs = 500;

interface Asking {
  /** Called if the program needs the cluster information. */
  readonly cluster?: (() => ExecCluster) | undefined;
  /** Shows a line on the terminal; undefined if there is no terminal. */
  readonly show?: ((line: string) => void) | undefined;
  readonly timeoutMs?: number;
}

/**
 * Reads `exec` of a user.
 *
 * @param folder of the kubeconfig. Like in kubectl, a command with a slash is relative to this
 * folder.
 * @throws Error if there is no command
 */
export function readExecProgram(exec: object, folder: string): ExecProgram {
  const { command, args, env, apiVersion, interactiveMode, provideClusterInfo } = exec as Readonly<
    Record<string, unknown>
  >;
  if (typeof command !== 'string' || command === '') throw new Error('exec has no command');
  const variables = Array.isArray(env) ? env : [];
  return {
    command: command.includes('/') ? resolve(folder, command) : command,
    args: Array.isArray(args) ? args.map(String) : [],
    env: Object.fromEntries(variables.map(({ name, value }) => [String(name), String(value)])),
    apiVersion: typeof apiVersion === 'string' ? apiVersion : 'client.authentication.k8s.io/v1',
    needsTerminal: interactiveMode === 'Always',
    wantsCluster: provideClusterInfo === true,
  };
}

/**
 * Runs the program and reads the credentials that it prints.
 *
 * The client library can also run the program. But if the program reads from the terminal, the
 * library waits without a time-out. And its error message quotes invalid output, so a part of a
 * token could get into a log. While the program runs, its standard error is shown, because it may
 * contain a login code. The program gets no input.
 *
 * @throws Error with a message of one line, without any standard output
 */
export async function askProgram(
  program: ExecProgram,
  environment: Readonly<Record<string, string | undefined>>,
  asking: Asking = {},
): Promise<ExecCredential> {
  const { command, env, apiVersion, needsTerminal, wantsCluster } = program;
  const { show } = asking;
  const { timeoutMs = show === undefined ? defaultTimeoutMs : defaultTimeoutAtTerminalMs } = asking;
  if (needsTerminal) {
    throw new Error(
      `the program ${command} requires an interactive terminal (interactiveMode: Always)`,
    );
  }
  const cluster = wantsCluster ? asking.cluster?.() : undefined;
  const spec = { interactive: false, ...(cluster === undefined ? {} : { cluster }) };
  const info = { apiVersion, kind: 'ExecCredential', spec };
  const output = await run(program, {
    env: { ...environment, ...env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    timeoutMs,
    show,
  });
  const credential = parse(output);
  if (credential === undefined) {
    throw new Error(`the output of the program ${command} is not an ExecCredential`);
  }
  return credential;
}

function run(
  program: ExecProgram,
  { env, timeoutMs, show }: { env: NodeJS.ProcessEnv; timeoutMs: number; show: Asking['show'] },
): Promise<string> {
  const { command, args } = program;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const limits = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: largestOutput } as const;
  const child = execFile(command, args, { env, ...limits }, (error, stdout, stderr) => {
    if (error === null) return resolve(stdout);
    if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
      return reject(new Error(`the program ${command} printed more than 1 MiB`));
    }
    if (typeof error.code === 'string') {
      return reject(new Error(`the program ${command} cannot be run (${error.code})`));
    }
    if (error.killed === true) {
      return reject(
        new Error(`the program ${command} did not finish within ${timeoutMs / 1000} s`),
      );
    }
    const said = firstLine(withoutSecrets(stderr, program, stdout));
    const what = said === '' ? 'nothing' : quote(said);
    reject(new Error(`the program ${command} failed and said ${what}`));
  });
  if (show !== undefined) {
    let printed = '';
    child.stdout?.on('data', (text: string) => {
      printed += text;
    });
    eachLine(child.stderr, (line) => show(printable(withoutSecrets(line, program, printed))));
  }
  // Closes the standard input, so that the program notices at once that it gets no input.
  child.stdin?.end();
  return promise;
}

function eachLine(stream: Readable | null, call: (line: string) => void): void {
  let rest = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    if (rest !== '') call(rest);
    rest = '';
  };
  stream?.on('end', flush).on('data', (text: string) => {
    clearTimeout(timer);
    const lines = (rest + text).split(/[\r\n]+/);
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') call(line);
    timer = setTimeout(flush, unfinishedLineMs);
  });
}

/**
 * Removes secrets from the error output of a program. This output is shown, as in kubectl, because
 * nothing else explains the failure. Here, the output goes to a log. So secrets that the program
 * received or printed are masked, and texts that look like tokens too.
 */
function withoutSecrets(said: string, { args, env }: ExecProgram, printed: string): string {
  const given = args.map((arg, i) => {
    const [, inPlace] =
      /^--?[\w-]*(?:secret|password|token|key)[\w-]*(?:=(.*))?$/is.exec(arg) ?? [];
    const isNamed = /^--?[\w-]*(secret|password|token|key)$/i.test(args[i - 1] ?? '');
    return inPlace ?? (isNamed ? arg : '');
  });
  const long = [...Object.values(env), ...printed.split(/[\s"',]+/)].filter(
    (text) => text.length >= shortestSecret,
  );
  return maskCredentials(said, [...given, ...long])
    .replace(/\b(bearer|basic)\s+[^\s"']+/gi, '$1 ***')
    .replace(/\beyJ[\w-]{10,}(\.[\w-]*)*/g, '***');
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
