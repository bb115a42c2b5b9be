import type { Target } from './types.js';

/** A link to a target that blocks another one. */
export interface BlockerLink {
  readonly key: string;
  /** The name of its resource, if it is known. */
  readonly label: string;
}

/** The blockers of a waiting target, for display. */
interface Blockers {
  /** The first blockers, one for each resource. */
  readonly links: readonly BlockerLink[];
  /** Number of further resources that are not listed. */
  readonly more: number;
  /** The end of the chain of blockers. Null if it is not known. */
  readonly cause: BlockerLink | null;
  /** Whether the cause blocks the target directly. It is then the first of the links. */
  readonly isDirect: boolean;
}

const MAX_LINKS = 3;

/**
 * Lists the blockers of a target, the root cause first. Null if none is known.
 *
 * @param resourceOf name of the first resource of a target; undefined if the target is not known
 */
export function listBlockers(
  { blockedBy, rootCause }: Pick<Target, 'blockedBy' | 'rootCause'>,
  resourceOf: (key: string) => string | undefined,
): Blockers | null {
  if (blockedBy.length === 0) return null;
  const toLink = ({ name }: { readonly name: string }) => ({ key: name, label: resourceOf(name) ?? name });
  const cause = rootCause && toLink(rootCause);
  const links = new Map<string, BlockerLink>();
  for (const link of blockedBy.map(toLink)) if (!links.has(link.label)) links.set(link.label, link);
  const isDirect = cause !== null && links.delete(cause.label);
  const all = isDirect ? [cause, ...links.values()] : [...links.values()];
  return { links: all.slice(0, MAX_LINKS), more: Math.max(0, all.length - MAX_LINKS), cause, isDirect };
}

/** The targets by which each target was blocked during its last wait, by target key. */
export type RecordedBlockers = ReadonlyMap<string, ReadonlySet<string>>;

/** Remembers who blocked each target: the gateway names blockers only while a target waits. */
export interface BlockerRecorder {
  readonly blockers: RecordedBlockers;
  /** Records a new state of a target. A new wait replaces the last one. */
  record(key: string, before: Target | undefined, after: Target): void;
  /** Forgets everything: another run has begun. */
  clear(): void;
}

/** Creates a recorder for the targets of one Session. */
export function createBlockerRecorder(): BlockerRecorder {
  const blockers = new Map<string, Set<string>>();
  return {
    blockers,
    record(key, before, { phase, blockedBy }) {
      if (phase !== 'WAITING') return;
      const known = before?.phase === 'WAITING' ? blockers.get(key) : undefined;
      const all = known ?? new Set<string>();
      for (const { name } of blockedBy) all.add(name);
      if (known === undefined) blockers.set(key, all);
    },
    clear: () => blockers.clear(),
  };
}
