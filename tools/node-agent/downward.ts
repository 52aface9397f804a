/** The downward API: variables and files with information about the Pod. */
import { ContainerConfigError } from './errors.ts';
import type { Container, FieldReference, Pod, ResourceReference } from './pod.ts';

/** Facts about a Pod that the agent knows before they are in its object. */
export type Placement = { nodeName: string; podIP: string; hostIP: string };

const mapKey = /^metadata\.(labels|annotations)\['([^']+)'\]$/;

/** The value of a fieldRef. Throws ContainerConfigError for an unsupported path. */
export function fieldValue({ fieldPath }: FieldReference, pod: Pod, placement: Placement): string {
  const { metadata, spec } = pod;
  const [, map, key = ''] = mapKey.exec(fieldPath) ?? [];
  if (map === 'labels' || map === 'annotations') return metadata[map]?.[key] ?? '';
  switch (fieldPath) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace;
    case 'metadata.uid':
      return metadata.uid;
    case 'metadata.labels':
      return lines(metadata.labels);
    case 'metadata.annotations':
      return lines(metadata.annotations);
    case 'spec.nodeName':
      return placement.nodeName;
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? 'default';
    case 'status.podIP':
    case 'status.podIPs':
      return placement.podIP;
    case 'status.hostIP':
    case 'status.hostIPs':
      return placement.hostIP;
    default:
      throw new ContainerConfigError(`the downward API has no field ${fieldPath}`);
  }
}

const lines = (map: Record<string, string> = {}) =>
  Object.entries(map)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');

/** The value of a resourceFieldRef, rounded up to a multiple of the divisor like in the kubelet. */
export function resourceValue(
  { resource, divisor = '1' }: ResourceReference,
  container: Container,
): string {
  const [which = '', name = ''] = resource.split('.');
  if (which !== 'limits' && which !== 'requests')
    throw new ContainerConfigError(`the downward API has no resource ${resource}`);
  const { resources = {} } = container;
  const quantity = resources[which]?.[name];
  if (quantity === undefined)
    throw new ContainerConfigError(`container ${container.name} has no ${resource} to refer to`);
  const unit = quantityValue(divisor === '0' ? '1' : divisor);
  return String(Math.ceil(quantityValue(quantity) / unit));
}

const suffixes: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};

function quantityValue(quantity: string): number {
  const [, digits, suffix = ''] = /^([\d.]+)([a-zA-Z]*)$/.exec(quantity) ?? [];
  const factor = suffixes[suffix];
  if (digits === undefined || factor === undefined)
    throw new ContainerConfigError(`${quantity} is not a quantity that the node agent knows`);
  return Number(digits) * factor;
}
