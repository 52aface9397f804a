import type { ApiClient } from './client/api-client.ts';
import { KindResources } from './kind-resources.ts';
import type { WorkloadName } from './names.ts';
import type { ObjectMeta, WorkloadObject } from './objects.ts';
import { objectPath } from './paths.ts';

/**
 * Sets annotations of a workload, and changes nothing else of it.
 *
 * @param manager the field manager of the write
 * @param stopRetrying once aborted, a failure is final
 * @returns its metadata after the write
 * @throws ApiError
 */
export async function annotateWorkload(
  api: ApiClient,
  name: WorkloadName,
  annotations: Readonly<Record<string, string>>,
  manager: string,
  stopRetrying: AbortSignal,
): Promise<ObjectMeta> {
  const object = await api.request<WorkloadObject | null>({
    method: 'PATCH',
    path: objectPath(await new KindResources(api).of(name.kind, stopRetrying), name),
    query: { fieldManager: manager },
    body: { metadata: { annotations } },
    contentType: 'application/merge-patch+json',
    part: 'metadata',
    stopRetrying,
  });
  return object?.metadata ?? {};
}
