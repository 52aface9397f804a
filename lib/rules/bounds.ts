/**
 * What a pass reads for one workload. Whoever may edit a workload decides about these, so each has an
 * end, beyond which the workload is told as TooLarge and left alone: nobody else is kept waiting, and
 * the memory of a pass has a ceiling, whatever the cluster holds.
 */

/** ConfigMaps and Secrets. A pod with a hundred is large. */
export const maxReferences = 1000;

/** Bytes of answers, all ConfigMaps and Secrets together; each of them has at most 1 MiB of data. */
export const maxSourceBytes = 32 * 1024 * 1024;
