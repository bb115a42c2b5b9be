import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { LinkState, ResourcesView, TargetsView } from '../../client/client.js';
import { createBlockerRecorder, type RecordedBlockers } from '../model/blockers.js';
import { findPlaces, indexResources, type Places, type Resources } from '../model/places.js';
import type { Session, Target } from '../model/types.js';

/** The selected Session with its targets. */
export interface Detail {
  readonly id: string;
  /** State of the connection to the gateway, as the watch of the targets sees it. */
  readonly link: ReadonlySignal<LinkState>;
  /** Null while no Session has this id; undefined until the first payload. */
  readonly session: ReadonlySignal<Session | null | undefined>;
  /** Its targets by key, in Tilt's order. The map changes only when a target is added or removed. */
  readonly targets: ReadonlySignal<Targets>;
  /** Its resources by name. Empty until the first payload. */
  readonly resources: ReadonlySignal<Resources>;
  /** Labels and order of the resources. The map changes only when one of these changes. */
  readonly places: ReadonlySignal<Places>;
  /** Blockers of each target, as far as this page has seen them. */
  readonly recordedBlockers: RecordedBlockers;
}

/** Targets by key (the name, or `name#2` for the second one of that name), each with its newest state. */
type Targets = ReadonlyMap<string, ReadonlySignal<Target>>;

/** Properties of components that show a Session with its targets. */
export interface SessionProps extends Pick<Detail, 'targets' | 'resources' | 'places'> {
  readonly session: Session;
}

/** A {@link Detail}, and how views reach it. */
interface OpenDetail {
  readonly detail: Detail;
  showTargets(view: TargetsView): void;
  showResources(view: ResourcesView): void;
}

/** Creates the detail of the Session with this id. */
export function createDetail(id: string): OpenDetail {
  const link = signal(createInitialLink());
  const session = signal<Session | null | undefined>(undefined);
  const targets = signal<ReadonlyMap<string, Signal<Target>>>(new Map());
  const resources = signal<Resources>(new Map());
  const recorder = createBlockerRecorder();
  let known: Places = new Map();
  const places = computed(() => {
    known = findPlaces(known, resources.value);
    return known;
  });
  return {
    detail: { id, link, session, targets, resources, places, recordedBlockers: recorder.blockers },
    showTargets(view) {
      link.value = view.link;
      if (view.cursor === null) return;
      if (view.session?.metadata.uid !== session.peek()?.metadata.uid) recorder.clear();
      session.value = view.session;
      targets.value = mergeTargets(targets.value, view.targets, recorder.record);
    },
    showResources(view) {
      if (view.resources !== null) resources.value = indexResources(resources.value, view.resources);
    },
  };
}

/** Creates the state of a link before the first view. */
export function createInitialLink(): LinkState {
  return { state: 'connecting', since: Date.now(), error: null, url: null, isDown: false };
}

/** Updates the signal of each target. Returns the same map unless a target was added or removed. */
function mergeTargets(
  known: ReadonlyMap<string, Signal<Target>>,
  newest: ReadonlyMap<string, Target>,
  record: (key: string, before: Target | undefined, after: Target) => void,
): ReadonlyMap<string, Signal<Target>> {
  const merged = new Map<string, Signal<Target>>();
  let isSame = known.size === newest.size;
  for (const [key, target] of newest) {
    const old = known.get(key);
    if (old?.peek() !== target) record(key, old?.peek(), target);
    if (old) old.value = target;
    else isSame = false;
    merged.set(key, old ?? signal(target));
  }
  return isSame ? known : merged;
}
