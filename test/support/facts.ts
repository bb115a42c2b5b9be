import type { ResourceFacts, SessionFacts } from '../../src/model/facts.js';
import type { Session } from '../../src/model/session.js';

/** Fields of a resource to set; `on` are the names of the resources that it waits for. */
export type ResourceOptions = Partial<Omit<ResourceFacts, 'name'>> & { readonly on?: readonly string[] };

/** Creates the facts about a local resource that Tilt runs by itself. */
export function resourceFacts(name: string, { on = [], ...fields }: ResourceOptions = {}): ResourceFacts {
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
    waitingOn: on.map((other) => ({ kind: 'UIResource', name: other })),
    order: null,
    ...fields,
  };
}

/** Creates facts from the options of each resource, by name. */
export function sessionFacts(
  resources: Readonly<Record<string, ResourceOptions>>,
  others: Partial<Omit<SessionFacts, 'resources'>> = {},
): SessionFacts {
  const list = Object.entries(resources).map(([name, options]) => resourceFacts(name, options));
  return {
    resources: list.sort((a, b) => (a.name < b.name ? -1 : 1)),
    cluster: null,
    webUrl: null,
    ...others,
  };
}

/** Returns the Session with these facts. */
export function withFacts(
  session: Session,
  resources: Readonly<Record<string, ResourceOptions>>,
  others: Partial<Omit<SessionFacts, 'resources'>> = {},
): Session {
  return { ...session, facts: sessionFacts(resources, others) };
}
