import type { ResourceFacts, SessionFacts } from '../../src/model/facts.js';
import type { Session } from '../../src/model/session.js';

/** Creates the facts of an automatic local resource, up to date. */
export function resourceFacts(name: string, more: Partial<ResourceFacts> = {}): ResourceFacts {
  return {
    name,
    labels: [],
    links: [],
    kind: 'local',
    triggerMode: 'auto',
    hasPendingChanges: false,
    queued: false,
    isDisabled: false,
    conditions: [],
    waitingOn: [],
    order: 1,
    ...more,
  };
}

/** What a resource waits for: the other resources with these names. */
export function waitingOn(...names: string[]): ResourceFacts['waitingOn'] {
  return names.map((name) => ({ kind: 'UIResource', name }));
}

/** Returns the Session with these facts, in the order of the resources' names. */
export function explained(
  of: Session,
  resources: readonly ResourceFacts[],
  { cluster = null, webUrl = null }: Partial<SessionFacts> = {},
): Session {
  const sorted = resources.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { ...of, facts: { resources: sorted, cluster, webUrl } };
}

/** Returns the Session with facts about its resource `api`: a label and a link. */
export function withFacts(of: Session, more: Partial<ResourceFacts> = {}): Session {
  const links = [{ url: 'http://localhost:8080', name: 'page' }];
  return explained(of, [resourceFacts('api', { labels: ['backend'], links, ...more })]);
}
