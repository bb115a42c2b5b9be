/** Processes of this machine at one moment, by process id. */
export type ProcessList = ReadonlyMap<number, ProcessEntry>;

/** One process of a {@link ProcessList}. */
export interface ProcessEntry {
  readonly parent: number;
  /** Distinguishes a process from a later one of the same id; the form depends on the platform. */
  readonly startedAt: string;
}

/** Processes that a command has started, directly or indirectly. */
export interface Descendants {
  /** Records the descendants in a list, so that they are known after they, or their parents, have ended. */
  record(list: ProcessList): void;
  /** Whether a process is the command or a descendant of it. False if unknown. */
  has(pid: number, list: ProcessList): boolean;
}

/** Maximum number of recorded descendants. The oldest are dropped first. */
const MAX_RECORDED = 10_000;

/** Creates the set of a command's descendants. @param root process id of the command */
export function createDescendants(root: number): Descendants {
  /** Start time by process id. */
  const recorded = new Map<number, string>();
  return {
    record(list) {
      for (const [pid, { startedAt }] of list) {
        if (!isDescendant(pid, list)) continue;
        recorded.delete(pid);
        recorded.set(pid, startedAt);
      }
      for (const pid of recorded.keys()) {
        if (recorded.size <= MAX_RECORDED) break;
        recorded.delete(pid);
      }
    },
    has: (pid, list) => pid === root || isDescendant(pid, list) || (!list.has(pid) && recorded.has(pid)),
  };

  /**
   * Follows the parents. A process whose parent has ended becomes a child of another process, usually of 1.
   */
  function isDescendant(pid: number, list: ProcessList): boolean {
    const visited = new Set<number>();
    for (let next = pid; !visited.has(next); ) {
      const entry = list.get(next);
      if (entry === undefined) return false;
      if (next === root || isRecorded(next, entry)) return true;
      visited.add(next);
      next = entry.parent;
    }
    return false;
  }

  function isRecorded(pid: number, { startedAt }: ProcessEntry): boolean {
    return recorded.get(pid) === startedAt;
  }
}
