/** The faults of the table, in its order. */
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
 * What a client can make of a fault.
 *
 * - `harmless`: the answer comes, and is right
 * - `passing`: worth another try
 * - `refusal`: another try would get the same answer
 * - `absent`: the API server says that just this object does not exist
 * - `conflict`: somebody else wrote meanwhile, or it exists already
 * - `expired`: a page token is too old; of other requests a refusal
 * - `stale`: what was true before
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
  /** What happens, for people. */
  sentence: string;
  /** @param object its name, for a Status about it; `older` what was answered before the change */
  fault(object: string, older: () => string): Fault;
  /** Needs a proxy that speaks TLS. */
  tls?: true;
};

const retryAfter = { 'content-type': 'application/json', 'retry-after': '1' };

export const rows = {
  late: {
    nature: 'harmless',
    sentence: 'the answer takes 200 ms',
    fault: () => late(200),
  },
  drip: { nature: 'harmless', sentence: 'the answer comes in ten pieces', fault: () => drip },
  reset: {
    nature: 'passing',
    sentence: 'the connection is reset before the request reached the server',
    fault: () => resetConnection,
  },
  'answer lost': {
    nature: 'passing',
    sentence: 'the request is done, and the connection reset before its answer',
    fault: () => loseAnswer,
  },
  truncated: { nature: 'passing', sentence: 'half of the answer comes', fault: () => truncate },
  garbled: {
    nature: 'passing',
    sentence: 'the request is done, and its answer comes garbled',
    fault: () => garble,
  },
  'no answer': { nature: 'passing', sentence: 'no answer ever comes', fault: () => hang },
  'TLS broken': {
    nature: 'passing',
    sentence: 'the encryption of the connection breaks',
    fault: () => breakTls,
    tls: true,
  },
  '401': {
    nature: 'passing',
    sentence: 'the credentials are refused',
    fault: () => answer(status(401, 'Unauthorized', 'Unauthorized')),
  },
  '403': {
    nature: 'refusal',
    sentence: 'the permission is missing',
    fault: () => answer(status(403, 'Forbidden', 'not allowed')),
  },
  '404': {
    nature: 'refusal',
    sentence: 'a page of something on the way says 404',
    fault: () => answer({ status: 404, body: '<html>not found</html>' }),
  },
  '404 of the object': {
    nature: 'absent',
    sentence: 'the API server says that the object does not exist',
    fault: (name) => answer(status(404, 'NotFound', `"${name}" not found`, { name })),
  },
  '409': {
    nature: 'conflict',
    sentence: 'the API server says that there is a conflict',
    fault: () => answer(status(409, 'Conflict', 'the object has been modified')),
  },
  '410': {
    nature: 'expired',
    sentence: 'the API server says that it has forgotten that version',
    fault: () => answer(status(410, 'Expired', 'the continue parameter is too old')),
  },
  '422': {
    nature: 'refusal',
    sentence: 'the API server calls the request invalid',
    fault: () => answer(status(422, 'Invalid', 'is invalid')),
  },
  '429': {
    nature: 'passing',
    sentence: 'too many requests',
    fault: () => answer(status(429, 'TooManyRequests', 'busy')),
  },
  '429 with Retry-After': {
    nature: 'passing',
    sentence: 'too many requests, come back in a second',
    fault: () => answer({ ...status(429, 'TooManyRequests', 'busy'), headers: retryAfter }),
  },
  '500': {
    nature: 'passing',
    sentence: 'the API server has a fault',
    fault: () => answer(status(500, 'InternalError', 'etcd has no leader')),
  },
  '503': {
    nature: 'passing',
    sentence: 'something on the way has no server to ask',
    fault: () => answer({ status: 503, body: '<html>no server</html>' }),
  },
  '504': {
    nature: 'passing',
    sentence: 'too slow, and nothing was done',
    fault: () => answer(status(504, 'Timeout', 'too slow')),
  },
  '504, done': {
    nature: 'passing',
    sentence: 'too slow, and the request is done all the same',
    fault: () => answerInstead(status(504, 'Timeout', 'too slow')),
  },
  stale: {
    nature: 'stale',
    sentence: 'what was true before the change is answered',
    fault: (_, older) => {
      const headers = { 'content-type': 'application/json' };
      return ({ reply }) => reply({ status: 200, headers, body: older() });
    },
  },
} as const satisfies Record<string, Row>;

export type RowName = keyof typeof rows;
export const rowNames = Object.keys(rows) as readonly RowName[];
