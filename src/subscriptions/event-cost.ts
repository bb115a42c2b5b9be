import type { GraphQLError } from 'graphql';
import { type CostOptions, costOf } from '../graphql/cost.js';
import { CHEAP } from '../graphql/executor.js';
import { selectsLog } from '../graphql/log-lines.js';
import { costWithin } from '../graphql/query-limits.js';
import { combine, isWithin, type Sizes, UNIT_SIZES } from '../graphql/sizes.js';
import type { SourceEvent } from './projection.js';

/** Computes the cost of executing a subscription on its events. */
export interface EventCosts {
  /** Returns an estimate for an event that is cheap, and otherwise the cost, or the error above the limit. */
  estimate(event: SourceEvent): number | GraphQLError;
  /** Returns the error if the cost by the current data is above the limit, else null. */
  check(event: SourceEvent): GraphQLError | null;
}

/** Creates the costs of one subscription. */
export function createEventCosts(operation: CostOptions, limit: number): EventCosts {
  const cheap = Math.min(CHEAP, limit);
  const unit = costOfUnit(operation);
  /** Sizes up to which an event is known to be cheap. Null if none are. */
  let known: Sizes | null = null;

  return {
    estimate(event) {
      const max = unit * Math.max(event.items, 1);
      if (max <= cheap) return max;
      const sizes = event.sizes();
      if (known !== null && isWithin(sizes, known)) return cheap;
      const cost = computeOn(sizes);
      // Its cost depends on the number of logged lines, too.
      if (typeof cost === 'number' && cost <= cheap && !selectsLog(operation.document))
        known = withReserve(sizes, cost);
      return cost;
    },
    check(event) {
      const cost = computeOn(event.sizes());
      return typeof cost === 'number' ? null : cost;
    },
  };

  function computeOn(sizes: Sizes): number | GraphQLError {
    return costWithin({ ...operation, event: { count: 1, sizes } }, limit);
  }

  /**
   * Returns larger sizes that are cheap too, if there are any, because computing a cost takes up to 0.5 ms. A
   * cost grows with each size.
   */
  function withReserve(sizes: Sizes, cost: number): Sizes {
    if (cost * 2 > cheap) return sizes;
    const larger = combine(sizes, sizes, (size) => size * 2 + 1);
    const largerCost = computeOn(larger);
    return typeof largerCost === 'number' && largerCost <= cheap ? larger : sizes;
  }
}

/**
 * Cost of one item: the cost of an event is at most this for each of its items. Infinite if the document
 * selects lists whose lengths do not follow from the number of items.
 */
function costOfUnit(operation: CostOptions): number {
  try {
    return costOf({ ...operation, event: { count: 1, sizes: UNIT_SIZES, isRepeated: true } }) ?? 0;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
