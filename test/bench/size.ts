/**
 * The sizes of the measured clusters. Wave and Reloader were measured on the middle one. The others are a tenth
 * of it and five times it.
 */
export interface Size {
  readonly name: 'small' | 'medium' | 'large';
  readonly deployments: number;
  /** The number of Deployments that opted in. Each of them references `referencesEach` sources of its own. */
  readonly optedIn: number;
  readonly referencesEach: number;
  /**
   * The number of sources that each other Deployment references. These sources matter only after
   * all Deployments have opted in.
   */
  readonly referencesOfOthers: number;
  /** The number of Secrets, including the referenced ones. Three of ten have 2 KiB, and the others have 16 KiB. */
  readonly secrets: number;
  /** The number of ConfigMaps of 1 KiB, including the referenced ones. */
  readonly configMaps: number;
  readonly namespaces: number;
}

const medium = {
  name: 'medium',
  deployments: 1000,
  optedIn: 200,
  referencesEach: 3,
  referencesOfOthers: 2,
  secrets: 20_000,
  configMaps: 3000,
  namespaces: 50,
} as const satisfies Size;

export const sizes: readonly Size[] = [scaled('small', 1 / 10), medium, scaled('large', 5)];

function scaled(name: Size['name'], factor: number): Size {
  return {
    ...medium,
    name,
    deployments: medium.deployments * factor,
    optedIn: medium.optedIn * factor,
    secrets: medium.secrets * factor,
    configMaps: medium.configMaps * factor,
    namespaces: medium.namespaces * factor,
  };
}

/** The number of sources that the workloads of a cluster reference. Workloads do not share sources. */
export function usedSources(size: Size): Pick<Size, 'secrets' | 'configMaps'> {
  const { deployments, optedIn, referencesEach, referencesOfOthers } = size;
  const references = optedIn * referencesEach + (deployments - optedIn) * referencesOfOthers;
  return { secrets: deployments, configMaps: references - deployments };
}
