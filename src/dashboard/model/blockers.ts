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
