/** The faults in the table, in the order of the table. */
import type { Fault } from '../fault-proxy.ts';
import {
  answer,
  answerInstead,
  breakTls,
  drip,
  garble,
  hang,
  late,
  loseAnswer,
  resetConnection,
  status,
  truncate,
} from '../faults.ts';

/**
 * How a client can react to a fault.
 *
 * - `harmless`: the response arrives and is right
 * - `passing`: a retry can help
 * - `refusal`: a retry would get the same response
 * - `absent`: the API server says that exactly this object does not exist
 * - `conflict`: another client has written the object, or the object already exists
 * - `expired`: a page token is too old; for a request without a page token, this is a refusal
 * - `stale`: the response has the state before the change
 */
export type Nature =
  | 'harmless'
  | 'passing'
  | 'refusal'
  | 'absent'
  | 'conflict'
  | 'expired'
  | 'stale';

export type Row = {
  nature: Nature;
  /** The description of the fault in the docs. */
  sentence: string;
  /**
   * @param object the name of the object, for a Status about it
   * @param older returns the response from before the change
   */
  fault(object: string, older: () => string): Fault;
  /** Whether the fault breaks the connection, and so all other requests on it. */
  breaksConnection?: true;
};

const retryAfter = { 'content-type': 'application/json', 'retry-after': '1' };

export const rows = {
  late: {
    nature: 'harmless',
    sentence: 'the response takes 200 ms',
    fault: () => late(200),
  },
  drip: { nature: 'harmless', sentence: 'the response arrives in ten pieces', fault: () => drip },
  reset: {
    nature: 'passing',
    sentence: 'the connection is reset before the request reaches the server',
    fault: () => resetConnection,
    breaksConnection: true,
  },
  'answer lost': {
    nature: 'passing',
    sentence: 'the request is executed, and the connection is reset before the response',
    fault: () => loseAnswer,
    breaksConnection: true,
  },
  truncated: {
    nature: 'passing',
    sentence: 'only half of the response arrives',
    fault: () => truncate,
    breaksConnection: true,
  },
  garbled: {
    nature: 'passing',
    sentence: 'the request is executed, and the response is unreadable',
    fault: () => garble,
  },
  'no answer': { nature: 'passing', sentence: 'no response arrives', fault: () => hang },
  'TLS broken': {
    nature: 'passing',
    sentence: 'the TLS connection breaks',
    fault: () => breakTls,
    breaksConnection: true,
  },
  '401': {
    nature: 'passing',
    sentence: 'the API server rejects the credentials',
    fault: () => answer(status(401, 'Unauthorized', 'Unauthorized')),
  },
  '403': {
    nature: 'refusal',
    sentence: 'a permission is missing',
    fault: () => answer(status(403, 'Forbidden', 'not allowed')),
  },
  '404': {
    nature: 'refusal',
    sentence: 'a proxy returns a page with 404',
    fault: () => answer({ status: 404, body: '<html>not found</html>' }),
  },
  '404 of the object': {
    nature: 'absent',
    sentence: 'the API server reports that the object does not exist',
    fault: (name) => answer(status(404, 'NotFound', `"${name}" not found`, { name })),
  },
  '409': {
    nature: 'conflict',
    sentence: 'the API server reports a conflict',
    fault: () => answer(status(409, 'Conflict', 'the object has been modified')),
  },
  '410': {
    nature: 'expired',
    sentence: 'the API server reports that the version is too old',
    fault: () => answer(status(410, 'Expired', 'the continue parameter is too old')),
  },
  '422': {
    nature: 'refusal',
    sentence: 'the API server reports that the request is invalid',
    fault: () => answer(status(422, 'Invalid', 'is invalid')),
  },
  '429': {
    nature: 'passing',
    sentence: 'the API server reports too many requests',
    fault: () => answer(status(429, 'TooManyRequests', 'busy')),
  },
  '429 with Retry-After': {
    nature: 'passing',
    sentence: 'the API server reports too many requests, and asks for a delay of one second',
    fault: () => answer({ ...status(429, 'TooManyRequests', 'busy'), headers: retryAfter }),
  },
  '500': {
    nature: 'passing',
    sentence: 'the API server reports an internal error',
    fault: () => answer(status(500, 'InternalError', 'etcd has no leader')),
  },
  '503': {
    nature: 'passing',
    sentence: 'a proxy reports that no server is available',
    fault: () => answer({ status: 503, body: '<html>no server</html>' }),
  },
  '504': {
    nature: 'passing',
    sentence: 'the API server reports a timeout, and did not execute the request',
    fault: () => answer(status(504, 'Timeout', 'too slow')),
  },
  '504, done': {
    nature: 'passing',
    sentence: 'the API server reports a timeout, but executed the request',
    fault: () => answerInstead(status(504, 'Timeout', 'too slow')),
  },
  stale: {
    nature: 'stale',
    sentence: 'the response contains the state before the change',
    fault: (_, older) => {
      const headers = { 'content-type': 'application/json' };
      return ({ reply }) => reply({ status: 200, headers, body: older() });
    },
  },
} as const satisfies Record<string, Row>;

export type RowName = keyof typeof rows;
export const rowNames = Object.keys(rows) as readonly RowName[];
