/**
 * Limits of the data that a pass reads for one workload. Anyone who may edit a workload controls
 * this size. A workload beyond a limit is reported as TooLarge and stays unchanged. So no tenant
 * delays others, and the memory of a pass is bounded for any content of the cluster.
 */

/** ConfigMaps and Secrets per workload. A pod with a hundred is large. */
export const maxReferences = 1000;

/** Patterns for names per workload, in all its annotations. */
export const maxPatterns = 50;

/** Names of one kind in a namespace that patterns are compared with. */
export const maxNames = 10_000;

/**
 * Bytes of responses for all ConfigMaps and Secrets of a workload. Each has at most 1 MiB of data.
 */
export const maxSourceBytes = 32 * 1024 * 1024;
