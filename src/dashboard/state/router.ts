import { type ReadonlySignal, signal } from '@preact/signals';
import { isTyping, parseRoute, printRoute, type Route } from '../model/route.js';

/** Where the page is, and the way elsewhere. */
export interface Router {
  readonly route: ReadonlySignal<Route>;
  /** Changes what is given of the route, and the address with it. */
  go(changes: Partial<Route>): void;
  /** The address, relative to the page, of the route with these changes. */
  hrefOf(changes: Partial<Route>): string;
}

/** Follows the address, and the browser's way back. */
export function createRouter(): Router {
  const route = signal(parseRoute(location.search));
  addEventListener('popstate', () => {
    route.value = parseRoute(location.search);
  });
  return {
    route,
    go(changes) {
      const next = { ...route.value, ...changes };
      const address = printRoute(next);
      if (address === printRoute(route.value)) return;
      if (isTyping(route.value, next)) history.replaceState(null, '', address);
      else history.pushState(null, '', address);
      route.value = next;
    },
    hrefOf: (changes) => printRoute({ ...route.value, ...changes }),
  };
}
