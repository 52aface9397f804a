import type { SimulatedRequest } from './server.ts';
import type { Store } from './store.ts';

export interface SimulatedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export function answerOf({ method, path, body }: SimulatedRequest, store: Store): SimulatedAnswer {
  const [at = ''] = path.split('?');
  if (method === 'POST') {
    const object = JSON.parse(body ?? '{}');
    store.objects.set(`${at}/${object.metadata.name}`, object);
    return json(201, object);
  }
  const found = store.objects.get(at);
  if (found !== undefined) return json(200, found);
  const items = [...store.objects].filter(([key]) => key.startsWith(`${at}/`)).map(([, it]) => it);
  return json(200, { metadata: { resourceVersion: '1' }, items });
}

const json = (status: number, value: unknown): SimulatedAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  text: JSON.stringify(value),
});
