/**
 * Tokens of a Pod's ServiceAccount. Like a kubelet, it requests them with TokenRequest and binds
 * them to the Pod.
 */
import { type Api, path } from '../control-plane/api.ts';
import type { Pod } from './pod.ts';

export type TokenOptions = { audience?: string; expirationSeconds?: number };

export type TokenSource = (options: TokenOptions) => Promise<string>;

const defaultSeconds = 3600;

// A kubelet requests a new token after 80 % of the lifetime.
const usableShare = 0.8;

type Held = { token: string; usableUntil: number };

/** Returns the same token for the same options until it must be replaced. */
export function tokenSource(api: Api, pod: Pod): TokenSource {
  const held = new Map<string, Held>();
  return async (options) => {
    const key = JSON.stringify([options.audience, options.expirationSeconds]);
    const known = held.get(key);
    if (known !== undefined && performance.now() < known.usableUntil) return known.token;
    const fresh = await request(api, pod, options);
    held.set(key, fresh);
    return fresh.token;
  };
}

async function request(api: Api, pod: Pod, options: TokenOptions): Promise<Held> {
  const { namespace, name, uid } = pod.metadata;
  const { audience, expirationSeconds = defaultSeconds } = options;
  const account = path('ServiceAccount', namespace, pod.spec.serviceAccountName ?? 'default');
  const asked = performance.now();
  const { status } = await api.post<{ status: { token: string } }>(`${account}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      expirationSeconds,
      ...(audience === undefined ? {} : { audiences: [audience] }),
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
    },
  });
  return { token: status.token, usableUntil: asked + expirationSeconds * 1000 * usableShare };
}
