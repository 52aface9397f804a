/**
 * The requests that reached the API server, from its audit log (option `auditLog`).
 *
 *     const audit = await auditFromHere(cluster);
 *     …
 *     const writes = await audit.entries({ userAgent: /^wave-cron/, verb: ['patch', 'create'], namespace });
 *
 * `entries` first waits until the log contains all earlier requests. So a request that is missing
 * was not sent.
 */
import { randomUUID } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, connect } from './cluster-folder.ts';

/** The fields of an audit.k8s.io/v1 Event that tests need. */
export type AuditEntry = {
  auditID: string;
  stage: 'ResponseStarted' | 'ResponseComplete' | 'Panic';
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`. */
  verb: string;
  requestURI: string;
  /** The end of the request, or the start of a watch, in RFC 3339. */
  stageTimestamp: string;
  user: { username: string; groups?: string[] };
  userAgent?: string;
  objectRef?: {
    apiGroup?: string;
    resource: string;
    subresource?: string;
    namespace?: string;
    name?: string;
  };
  responseStatus?: { code: number; reason?: string };
};

/** Matches an equal text, a text that matches the pattern, or one text of the list. */
export type Matcher = string | RegExp | readonly string[];

export type AuditFilter = {
  userAgent?: Matcher;
  user?: Matcher;
  verb?: Matcher;
  resource?: Matcher;
  namespace?: Matcher;
  name?: Matcher;
};

export type Audit = {
  /** One entry per request, in the order of the responses. A watch has its entry at its start. */
  entries(filter?: AuditFilter): Promise<AuditEntry[]>;
};

export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
};

const pollMs = 20;
const timeoutMs = 15_000;

/** Begins to read the log. It returns only requests that were answered later. */
export async function auditFromHere(cluster: Cluster): Promise<Audit> {
  const file = cluster.auditLogFile;
  if (file === undefined) {
    throw new Error(
      `the control plane in ${cluster.folder} keeps no audit log: start it with auditLog: true`,
    );
  }
  const api = connect(cluster);
  // The API server writes an entry before it ends the response. So if our new request is in
  // the log, all requests that were answered before it are there too.
  const readUntilNow = async (from: number) => {
    const marker = `/version?marker=${randomUUID()}`;
    await api.text(marker);
    return readUntil(file, from, marker);
  };
  const { end: start } = await readUntilNow((await stat(file)).size);
  return {
    async entries(filter = {}) {
      const { text } = await readUntilNow(start);
      const seen = new Set<string>();
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line): AuditEntry => JSON.parse(line))
        .filter((entry) => !seen.has(entry.auditID) && seen.add(entry.auditID))
        .filter((entry) => matches(entry, filter));
    },
  };
}

/**
 * The complete lines from byte `from` up to the line with `marker`, and the byte after that line.
 */
async function readUntil(
  file: string,
  from: number,
  marker: string,
): Promise<{ text: string; end: number }> {
  const deadline = performance.now() + timeoutMs;
  const handle = await open(file);
  try {
    let content = Buffer.alloc(0);
    for (;;) {
      const { size } = await handle.stat();
      const more = Buffer.alloc(Math.max(0, size - from - content.length));
      const { bytesRead } = await handle.read(more, 0, more.length, from + content.length);
      content = Buffer.concat([content, more.subarray(0, bytesRead)]);
      const at = content.indexOf(marker);
      const lineEnd = at === -1 ? -1 : content.indexOf('\n', at);
      if (lineEnd !== -1) {
        const lineStart = content.lastIndexOf('\n', at) + 1;
        return { text: content.toString('utf8', 0, lineStart), end: from + lineEnd + 1 };
      }
      if (performance.now() > deadline) {
        throw new Error(
          `the audit log ${file} did not show a request of ours within ${timeoutMs} ms`,
        );
      }
      await sleep(pollMs);
    }
  } finally {
    await handle.close();
  }
}

function matches(entry: AuditEntry, filter: AuditFilter): boolean {
  return (
    fits(entry.userAgent, filter.userAgent) &&
    fits(entry.user.username, filter.user) &&
    fits(entry.verb, filter.verb) &&
    fits(entry.objectRef?.resource, filter.resource) &&
    fits(entry.objectRef?.namespace, filter.namespace) &&
    fits(entry.objectRef?.name, filter.name)
  );
}

function fits(value = '', matcher?: Matcher): boolean {
  if (matcher === undefined) return true;
  if (typeof matcher === 'string') return value === matcher;
  return matcher instanceof RegExp ? matcher.test(value) : matcher.includes(value);
}
