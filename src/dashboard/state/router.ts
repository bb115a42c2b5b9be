import { type ReadonlySignal, signal } from '@preact/signals';
import { type Filter, NO_FILTER } from '../model/filter.js';
import { isPhase } from '../model/phases.js';

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

/** What the page shows. It stands in the address, so that it can be sent to somebody else, and gone back to. */
export interface Route extends Filter {
  /** The Session that is shown; null for the list of all. */
  readonly session: string | null;
  readonly view: View;
  /** The target whose details are open. */
  readonly target: string | null;
  /** How much of the end of the timeline is shown. */
  readonly span: Span;
}

/** How a Session's targets are shown. */
type View = 'targets' | 'timeline';

/** Lengths of a timeline, in milliseconds. */
export const SPANS = {
  all: Number.POSITIVE_INFINITY,
  '1h': 3_600_000,
  '10m': 600_000,
  '1m': 60_000,
} as const;

/** A length of the timeline. */
export type Span = keyof typeof SPANS;

/** The list of all Sessions, with nothing filtered. */
export const HOME: Route = {
  session: null,
  view: 'targets',
  target: null,
  span: 'all',
  ...NO_FILTER,
};

/** Reads the query of an address (`?session=…`). What makes no sense is left out. */
export function parseRoute(search: string): Route {
  const query = new URLSearchParams(search);
  const span = query.get('span') ?? '';
  return {
    session: query.get('session') || null,
    view: query.get('view') === 'timeline' ? 'timeline' : 'targets',
    target: query.get('target') || null,
    span: isSpan(span) ? span : 'all',
    text: query.get('q') ?? '',
    phases: (query.get('phase') ?? '').toUpperCase().split(',').filter(isPhase),
    resource: query.get('resource') || null,
  };
}

/** Writes the query of an address, the shortest that is read as this route: `?` alone for {@link HOME}. */
export function printRoute({ session, view, target, span, text, phases, resource }: Route): string {
  const entries: [string, string | null][] = [
    ['session', session],
    ['view', view === 'targets' ? null : view],
    ['target', target],
    ['span', span === 'all' ? null : span],
    ['q', text],
    ['phase', phases.join(',').toLowerCase()],
    ['resource', resource],
  ];
  const query = new URLSearchParams(entries.flatMap(([name, value]) => (value ? [[name, value]] : [])));
  return `?${query}`;
}

/** Whether only the text differs: then a step in the browser's history would be one a letter. */
export function isTyping(from: Route, to: Route): boolean {
  return (
    from.text !== '' && from.text !== to.text && printRoute({ ...from, text: to.text }) === printRoute(to)
  );
}

function isSpan(word: string): word is Span {
  return Object.hasOwn(SPANS, word);
}
