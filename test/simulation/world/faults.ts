/** Faults of the network and the server for requests of a process. */

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The fate of a request. */
export interface Fault {
  /** Whether the server handles the request. */
  readonly isDone: boolean;
  /** The response that the process gets. `nothing`: it gets no response. */
  readonly gets: 'answer' | 'reset' | 'TLS error' | 'nothing' | Reply | ((answer: Reply) => Reply);
  /** The additional delays of the request and of its response, in milliseconds. */
  readonly delayMs?: readonly [request: number, answer: number];
}

function status(code: number, reason: string, message: string): Reply {
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code };
  return {
    status: code,
    headers: { 'content-type': 'application/json' },
    text: JSON.stringify(body),
  };
}

const page = (code: number, text: string): Reply => ({
  status: code,
  headers: { 'content-type': 'text/html' },
  text,
});

const instead = (gets: Reply): Fault => ({ isDone: false, gets });
const busy = status(429, 'TooManyRequests', 'busy');

/**
 * The rows of the table of faults, except false responses: those that report an existing object as
 * missing, and those with an earlier state. Only the simulation has the late requests and responses.
 */
export const faults = {
  'late request': { isDone: true, gets: 'answer', delayMs: [2_500, 0] },
  'late answer': { isDone: true, gets: 'answer', delayMs: [0, 2_500] },
  'very late answer': { isDone: true, gets: 'answer', delayMs: [0, 25_000] },
  reset: { isDone: false, gets: 'reset' },
  'answer lost': { isDone: true, gets: 'reset' },
  truncated: {
    isDone: true,
    gets: (answer) => ({ ...answer, text: answer.text.slice(0, answer.text.length / 2) }),
  },
  garbled: { isDone: true, gets: (answer) => ({ ...answer, text: '\u0000<>' }) },
  'no answer': { isDone: false, gets: 'nothing' },
  'no answer, done': { isDone: true, gets: 'nothing' },
  'TLS broken': { isDone: false, gets: 'TLS error' },
  '401': instead(status(401, 'Unauthorized', 'Unauthorized')),
  '403': instead(status(403, 'Forbidden', 'not allowed')),
  '404': instead(page(404, '<html>not found</html>')),
  '409': instead(status(409, 'Conflict', 'the object has been modified')),
  '410': instead(status(410, 'Expired', 'the continue parameter is too old')),
  '422': instead(status(422, 'Invalid', 'is invalid')),
  '429': instead(busy),
  '429 with Retry-After': instead({ ...busy, headers: { ...busy.headers, 'retry-after': '1' } }),
  '500': instead(status(500, 'InternalError', 'etcd has no leader')),
  '503': instead(page(503, '<html>no server</html>')),
  '504': instead(status(504, 'Timeout', 'too slow')),
  '504, done': { isDone: true, gets: status(504, 'Timeout', 'too slow') },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;
export const faultNames = Object.keys(faults) as readonly FaultName[];
