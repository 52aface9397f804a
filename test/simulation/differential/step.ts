import type { Json, JsonMap } from '../server/json.ts';
import type { SimulatedRequest } from '../server/server.ts';
import type { Kind } from './targets.ts';

/** One request, as plain data. Its texts may contain placeholders: see `Names.filledIn`. */
export interface Step {
  readonly kind: Kind;
  /** Undefined for a list. */
  readonly name: string | undefined;
  readonly method: SimulatedRequest['method'];
  /** After the path of the object: a subresource and a query. */
  readonly suffix: string;
  readonly contentType?: string;
  readonly accept?: string;
  readonly userAgent: string;
  readonly body?: Json;
  /** For a PUT: a merge patch for the object that was read just before. */
  readonly edit?: JsonMap;
  /** Instead of a request: the status that all Pods get that are not ready. */
  readonly kubelet?: JsonMap;
  /** Whether controllers may have something to do after it. */
  readonly settles: boolean;
}
