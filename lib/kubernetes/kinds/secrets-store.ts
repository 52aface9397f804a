import type { ApiResource } from './entry.ts';

/** The driver that mounts objects of an external store, such as a vault, into Pods. */
export const secretsStoreDriver = 'secrets-store.csi.k8s.io';
/** The name of the driver in messages. */
export const driverTitle = 'Secrets Store CSI driver';
/** The attribute of a volume of the driver that names the SecretProviderClass. */
export const classAttribute = 'secretProviderClass';

const api = { group: 'secrets-store.csi.x-k8s.io', version: 'v1' } as const;

/** Objects of this kind say which external objects the driver mounts. They contain no values. */
export const secretProviderClass = {
  ...api,
  kind: 'SecretProviderClass',
  plural: 'secretproviderclasses',
} as const satisfies ApiResource & { readonly kind: string };

/** Objects of this kind say which versions of the objects of one class the driver has mounted into one Pod. */
export const mountStatus = {
  ...api,
  kind: 'SecretProviderClassPodStatus',
  plural: 'secretproviderclasspodstatuses',
} as const satisfies ApiResource & { readonly kind: string };
