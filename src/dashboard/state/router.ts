import { type ReadonlySignal, signal } from '@preact/signals';
import { type Filter, NO_FILTER } from '../model/filter.js';
import type { Grouping } from '../model/groups.js';
import { isPhase } from '../model/phases.js';
import { isVerdict } from '../model/shown-verdict.js';

/** Maps the page's address to its route. */
export interface Router {
  readonly route: ReadonlySignal<Route>;
  /** Changes parts of the route, and the address with it. */
  go(changes: Partial<Route>): void;
  /** Formats the address of the route with these changes, relative to the page. */
  formatHref(changes: Partial<Route>): string;
}

/** Creates a router that follows the address and the browser's history. */
export function createRouter(): Router {
  const route = signal(parseRoute(location.search));
  addEventListener('popstate', () => {
    route.value = parseRoute(location.search);
  });
  return {
    route,
    go(changes) {
      const next = { ...route.value, ...changes };
      const address = formatRoute(next);
      if (address === formatRoute(route.value)) return;
      if (isTyping(route.value, next)) history.replaceState(null, '', address);
      else history.pushState(null, '', address);
      route.value = next;
    },
    formatHref: (changes) => formatRoute({ ...route.value, ...changes }),
  };
}

/** The state of the page that its address contains, for links and the browser's history. */
export interface Route extends Filter {
  /** The selected Session; null for the list of all. */
  readonly session: string | null;
  /** Presentation of a Session's targets. */
  readonly view: 'targets' | 'timeline';
  /** The target whose details are open; null for none. */
  readonly target: string | null;
  /** Visible length of the timeline, up to its end. */
  readonly span: Span;
  /** Grouping of the targets; null for the preferred one. */
  readonly grouping: Grouping | null;
}

/** Visible lengths of a timeline, in milliseconds. */
export const SPANS = {
  all: Number.POSITIVE_INFINITY,
  '1h': 3_600_000,
  '10m': 600_000,
  '1m': 60_000,
} as const;

/** A visible length of the timeline. */
export type Span = keyof typeof SPANS;

/** The list of all Sessions, without a filter. */
export const HOME: Route = {
  session: null,
  view: 'targets',
  target: null,
  span: 'all',
  grouping: null,
  ...NO_FILTER,
};

/** Parses the query of an address (`?session=…`). Invalid parts are ignored. */
export function parseRoute(search: string): Route {
  const query = new URLSearchParams(search);
  const span = query.get('span') ?? '';
  const grouping = query.get('group');
  return {
    session: query.get('session') || null,
    view: query.get('view') === 'timeline' ? 'timeline' : 'targets',
    target: query.get('target') || null,
    span: isSpan(span) ? span : 'all',
    text: query.get('q') ?? '',
    phases: (query.get('phase') ?? '').toUpperCase().split(',').filter(isPhase),
    resource: query.get('resource') || null,
    label: query.get('label') || null,
    verdicts: (query.get('verdict') ?? '').toUpperCase().split(',').filter(isVerdict),
    grouping: grouping === 'label' || grouping === 'resource' ? grouping : null,
  };
}

/** Formats a route as the shortest query of an address; `?` alone for {@link HOME}. */
export function formatRoute(route: Route): string {
  const { session, view, target, span, grouping, text, phases, resource, label, verdicts } = route;
  const entries: [string, string | null][] = [
    ['session', session],
    ['view', view === 'targets' ? null : view],
    ['target', target],
    ['span', span === 'all' ? null : span],
    ['group', grouping],
    ['q', text],
    ['phase', phases.join(',').toLowerCase()],
    ['resource', resource],
    ['label', label],
    ['verdict', verdicts.join(',').toLowerCase()],
  ];
  const query = new URLSearchParams(entries.flatMap(([name, value]) => (value ? [[name, value]] : [])));
  return `?${query}`;
}

/**
 * Whether only the text differs. Such changes replace the history entry: otherwise each letter would add one.
 */
export function isTyping(from: Route, to: Route): boolean {
  return (
    from.text !== '' && from.text !== to.text && formatRoute({ ...from, text: to.text }) === formatRoute(to)
  );
}

function isSpan(word: string): word is Span {
  return Object.hasOwn(SPANS, word);
}
