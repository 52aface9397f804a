import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../../../lib/kubernetes/client/api-error.ts';
import { isRejection } from '../../../../lib/kubernetes/client/rejection.ts';

const denied = (policy: string, why: string): string =>
  `deployments.apps "web" is forbidden: ValidatingAdmissionPolicy '${policy}' with binding '${policy}' denied request: ${why} [HTTP 422]`;

const cases: readonly [
  what: string,
  status: number | undefined,
  reason: string | undefined,
  message: string,
  rejected: boolean,
][] = [
  ['an invalid object', 422, 'Invalid', 'Deployment.apps "web" is invalid: too long', true],
  ['an object beyond etcd', 500, undefined, 'etcdserver: request is too large [HTTP 500]', true],
  ['a body beyond the API server', 413, 'RequestEntityTooLarge', 'limit is 3145728', true],
  ['a policy of the cluster', 422, 'Invalid', denied('labels', 'label team is required'), true],
  ['one that answers 403', 403, 'Forbidden', denied('labels', 'label team is required'), true],
  ['a webhook', 403, 'Forbidden', 'admission webhook "a.example.com" denied the request: no', true],
  ['a webhook that says 400', 400, undefined, 'admission webhook "a" denied the request', true],
  ['our own policy', 422, 'Invalid', denied('wave-cron-workloads', 'x'), false],
  [
    "wave-cron's by its message",
    422,
    'Invalid',
    denied('x', 'wave-cron admission policy (y): z'),
    false,
  ],
  [
    "a value that quotes wave-cron's message",
    422,
    'Invalid',
    `Deployment.apps "web" is invalid: spec: Invalid value: "${denied('wave-cron', 'x')}"`,
    true,
  ],
  [
    "a policy that quotes wave-cron's message",
    422,
    'Invalid',
    denied('labels', denied('wave-cron-workloads', 'wave-cron admission policy')),
    true,
  ],
  [
    'a missing permission',
    403,
    'Forbidden',
    'deployments.apps "web" is forbidden: User "u" cannot patch resource "deployments" in API group "apps" in the namespace "shop"',
    false,
  ],
  ['a gateway that forbids', 403, undefined, 'HTTP 403', false],
  ['an invalid answer of a gateway', 422, undefined, 'HTTP 422', false],
  [
    'a webhook that is away',
    500,
    'InternalError',
    'Internal error occurred: failed calling webhook "a.example.com"',
    false,
  ],
  ['a server that is not well', 503, undefined, 'HTTP 503', false],
  ['no answer', undefined, undefined, 'no response in time', false],
];
for (const [what, status, reason, message, rejected] of cases) {
  test(`${what} is ${rejected ? 'a' : 'not a'} rejection of the object`, () => {
    assert.equal(isRejection(new ApiError(message, { status, reason, canRetry: false })), rejected);
  });
}
