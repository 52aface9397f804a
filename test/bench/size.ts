/**
 * The clusters that are measured. The middle one is that on which Wave and Reloader were measured;
 * the others are a tenth of it and five times it.
 */
export interface Size {
  readonly name: 'small' | 'medium' | 'large';
  readonly deployments: number;
  /** How many of the Deployments opted in. Each of these references `referencesEach` sources of its own. */
  readonly optedIn: number;
  readonly referencesEach: number;
  /** How many each of the others references: they count once all have opted in. */
  readonly referencesOfOthers: number;
  /** Of 2 KiB and of 16 KiB, the referenced ones included; of each ten, three are small. */
  readonly secrets: number;
  /** Of 1 KiB, the referenced ones included. */
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

/** How many sources the workloads of a cluster reference, each one its own. */
export function usedSources(size: Size): Pick<Size, 'secrets' | 'configMaps'> {
  const { deployments, optedIn, referencesEach, referencesOfOthers } = size;
  const references = optedIn * referencesEach + (deployments - optedIn) * referencesOfOthers;
  return { secrets: deployments, configMaps: references - deployments };
}
