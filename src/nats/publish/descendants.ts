import type { ProcessEntry, ProcessList } from './process-list.js';

/** The processes that a command has started, directly or not. */
export interface Descendants {
  /** Remembers the descendants in a list, so that they are known after their parent, or they themselves, have ended. */
  remember(list: ProcessList): void;
  /** Whether a process is the command or a descendant of it. False in doubt. */
  has(pid: number, list: ProcessList): boolean;
}

/** How many descendants are remembered; the oldest are forgotten first. */
const MAX_REMEMBERED = 10_000;

/** Creates the set for a command. @param root process id of the command */
export function createDescendants(root: number): Descendants {
  /** Start time by process id. */
  const remembered = new Map<number, string>();
  return {
    remember(list) {
      for (const [pid, { startedAt }] of list) {
        if (!isDescendant(pid, list)) continue;
        remembered.delete(pid);
        remembered.set(pid, startedAt);
      }
      for (const pid of remembered.keys()) {
        if (remembered.size <= MAX_REMEMBERED) break;
        remembered.delete(pid);
      }
    },
    has: (pid, list) => pid === root || isDescendant(pid, list) || (!list.has(pid) && remembered.has(pid)),
  };

  /** Follows the parents. A process whose parent has ended becomes a child of another, usually of process 1. */
  function isDescendant(pid: number, list: ProcessList): boolean {
    const visited = new Set<number>();
    for (let next = pid; !visited.has(next); ) {
      const entry = list.get(next);
      if (entry === undefined) return false;
      if (next === root || isRemembered(next, entry)) return true;
      visited.add(next);
      next = entry.parent;
    }
    return false;
  }

  function isRemembered(pid: number, { startedAt }: ProcessEntry): boolean {
    return remembered.get(pid) === startedAt;
  }
}
