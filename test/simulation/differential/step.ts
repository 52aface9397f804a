import type { Json, JsonMap } from '../server/json.ts';
import type { SimulatedRequest } from '../server/server.ts';
import type { Kind } from './targets.ts';

/** One request as plain data. Its texts can contain placeholders (see `Names.filledIn`). */
export interface Step {
  readonly kind: Kind;
  /** Undefined for a list. */
  readonly name: string | undefined;
  readonly method: SimulatedRequest['method'];
  /** The part of the URL after the path of the object: a subresource and a query. */
  readonly suffix: string;
  readonly contentType?: string;
  readonly accept?: string;
  readonly userAgent: string;
  readonly body?: Json;
  /** For a PUT: a merge patch that is applied to the object after a new read. */
  readonly edit?: JsonMap;
  /** If set, the step sends no request of its own, but gives this status to all Pods that are not ready. */
  readonly kubelet?: JsonMap;
  /** Whether controllers may have work after the request. */
  readonly settles: boolean;
}
