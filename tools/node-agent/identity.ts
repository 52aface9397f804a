/**
 * The user and the privileges of a container. They come from its security context, that of the Pod,
 * and the image.
 */
import { ContainerConfigError } from './errors.ts';
import type { Image } from './images.ts';
import type { Container, Pod } from './pod.ts';

export type Identity = {
  user: number;
  group: number;
  /** Supplementary groups, including fsGroup. */
  groups: readonly number[];
  readOnlyRoot: boolean;
  noNewPrivileges: boolean;
  /**
   * The capabilities that stay in the bounding set of the process, with the names of setpriv:
   * `chown`, `net_raw`.
   */
  capabilities: readonly string[];
};

// The default capabilities of container engines.
const defaultCapabilities = [
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'setgid',
  'setuid',
  'setpcap',
  'net_bind_service',
  'net_raw',
  'sys_chroot',
  'mknod',
  'audit_write',
  'setfcap',
];

/**
 * Throws ContainerConfigError for root with runAsNonRoot, like the kubelet. It also throws for any
 * other root user, because the sandbox could not confine it.
 */
export function identityOf(pod: Pod, container: Container, image: Image): Identity {
  const ofPod = pod.spec.securityContext ?? {};
  const own = container.securityContext ?? {};
  const user = own.runAsUser ?? ofPod.runAsUser ?? image.user ?? 0;
  if (user === 0) throw rootRefused(own.runAsNonRoot ?? ofPod.runAsNonRoot ?? false, image);
  const { fsGroup, supplementalGroups = [] } = ofPod;
  return {
    user,
    group: own.runAsGroup ?? ofPod.runAsGroup ?? 0,
    groups: fsGroup === undefined ? supplementalGroups : [...supplementalGroups, fsGroup],
    readOnlyRoot: own.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    capabilities: capabilitiesOf(own.capabilities),
  };
}

function rootRefused(mustBeNonRoot: boolean, { user }: Image): ContainerConfigError {
  if (!mustBeNonRoot) {
    return new ContainerConfigError(
      'the node agent for tests runs no container as root: set runAsUser in its securityContext',
    );
  }
  const why = user === undefined ? 'image will run as root' : "container's runAsUser is root";
  return new ContainerConfigError(
    `container has runAsNonRoot and ${why}: set runAsUser to another user than 0`,
  );
}

function capabilitiesOf({ add = [], drop = [] }: { add?: string[]; drop?: string[] } = {}) {
  const named = (capability: string) => capability.toLowerCase().replace(/^cap_/, '');
  const dropped = drop.map(named);
  const kept = dropped.includes('all')
    ? []
    : defaultCapabilities.filter((capability) => !dropped.includes(capability));
  return [...new Set([...kept, ...add.map(named)])];
}
