/**
 * The program of the image for the agent's own tests. The first argument selects the action, and
 * the program prints the result to stdout as one line of JSON.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { request } from 'node:https';
import { hostname } from 'node:os';

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

const say = (what: unknown) => process.stdout.write(`${JSON.stringify(what)}\n`);

const commands: Readonly<Record<string, (...args: string[]) => void>> = {
  exit: (code = '0') => process.exit(Number(code)),

  say: (what) => say(what),

  /** Counts the runs of the program in a file, and fails in the first runs. */
  'fail-times'(times, file = '') {
    const run = existsSync(file) ? Number(readFileSync(file, 'utf8')) + 1 : 1;
    writeFileSync(file, String(run));
    say(run);
    process.exitCode = run > Number(times) ? 0 : 1;
  },

  /** Prints the user, the groups and the privileges of the program. */
  identity() {
    const { uid, gid } = { uid: process.getuid?.(), gid: process.getgid?.() };
    const status = readFileSync('/proc/self/status', 'utf8');
    const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1];
    say({
      ...{ uid, gid, groups: process.getgroups?.(), pid: process.pid, hostname: hostname() },
      ...{
        cwd: process.cwd(),
        processes: readdirSync('/proc').filter((name) => /^\d+$/.test(name)),
      },
      noNewPrivileges: field('NoNewPrivs'),
      capabilities: ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map(field),
    });
  },

  /** Prints which of these paths are writable. */
  write(...files) {
    say(Object.fromEntries(files.map((file) => [file, tryToWrite(file)])));
  },

  env: () => say(process.env),

  read(...files) {
    say(files.map((file) => readFileSync(file, 'utf8')));
  },

  /** Prints the content of a file after each change. */
  watch(file = '') {
    let last: string | undefined;
    setInterval(() => {
      const text = readFileSync(file, 'utf8');
      if (text !== last) say(text);
      last = text;
    }, 50);
  },

  /** Prints the user, group and mode of files. */
  mode(...files) {
    say(
      files.map((file) => [statSync(file).uid, statSync(file).gid, statSync(file).mode & 0o7777]),
    );
  },

  /** Sends a GET of a path to the API server with the ServiceAccount of the Pod. */
  api(path = '/') {
    const [token, namespace] = ['token', 'namespace'].map((name) =>
      readFileSync(`${accountFolder}/${name}`, 'utf8'),
    );
    const host = process.env['KUBERNETES_SERVICE_HOST'];
    const port = process.env['KUBERNETES_SERVICE_PORT'];
    const ca = readFileSync(`${accountFolder}/ca.crt`);
    const headers = { authorization: `Bearer ${token}` };
    const sent = request({ host, port, ca, headers, path }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => say({ status: response.statusCode, namespace, body }));
    });
    sent.on('error', (error) => say({ error: error.message })).end();
  },

  /** Prints whether a URL can be reached. */
  fetch(url = '') {
    fetch(url).then(
      ({ status }) => say(status),
      ({ cause }) => say(cause.code),
    );
  },

  /** Serves a health endpoint on a port until SIGTERM. `/break` and `/mend` change the result. */
  serve(port = '8080', host = '0.0.0.0') {
    let healthy = true;
    const server = createServer(({ url }, response) => {
      if (url === '/break') healthy = false;
      if (url === '/mend') healthy = true;
      response.statusCode = url === '/health' && !healthy ? 500 : 200;
      response.end(hostname());
    });
    server.listen(Number(port), host, () => say('serving'));
    process.on('SIGTERM', () => {
      say('stopping');
      process.exit(0);
    });
  },

  /** Does not end on SIGTERM. */
  stubborn() {
    process.on('SIGTERM', () => say('not now'));
    setInterval(() => {}, 1000);
    say('here');
  },
};

function tryToWrite(file: string): string {
  try {
    writeFileSync(file, 'x');
    return 'written';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

const [name = '', ...args] = process.argv.slice(2);
const command = commands[name];
if (!command) throw new Error(`there is no command ${name}`);
command(...args);
