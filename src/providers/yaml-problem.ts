import { type Document, isAlias, isMap, isPair, isScalar, isSeq } from 'yaml';

/** What is wrong with YAML, in words that quote nothing of it. */
export interface YamlProblem {
  /** Where in the text, in characters. */
  readonly offset: number;
  readonly message: string;
}

/** The most anchors and aliases of a text: the library looks for each alias among all of its document. */
const MAX_REFERENCES = 1_000;

/** The most values that all aliases of a text stand for. */
const MAX_ALIASED = 100_000;

/**
 * Creates a check for the documents of one text, for what the parser has no error for. Gives null for a document that is right.
 * The library tells these things, too, but its time grows with the square of the keys, and of the aliases: 20,000 keys took
 * 4 s, 8,000 aliases 25 s. So it is given the options `uniqueKeys: false` and `maxAliasCount: -1`. A document must not be
 * nested deeper than the stack.
 */
export function createYamlCheck(): (document: Document) => YamlProblem | null {
  /** How many values each anchor stands for; null before its end. */
  const anchors = new Map<string, number | null>();
  let [references, aliased] = [0, 0];
  return ({ contents }) => {
    anchors.clear();
    try {
      measure(contents);
      return null;
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
  };

  /** How many values a node stands for. */
  function measure(node: unknown): number {
    if (isAlias(node)) return measureAlias(node.source, offsetOf(node));
    if (isPair(node)) return measure(node.key) + measure(node.value);
    if (!isMap(node) && !isSeq(node)) return mark(node, () => 1);
    return mark(node, () => {
      if (isMap(node)) checkKeys(node.items.map(({ key }) => key));
      return node.items.reduce((sum: number, item) => sum + measure(item), 1);
    });
  }

  /** Notes what an anchor stands for, where the node has one. */
  function mark(node: unknown, size: () => number): number {
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor === undefined) return size();
    countReference(offsetOf(node));
    anchors.set(anchor, null);
    const measured = size();
    anchors.set(anchor, measured);
    return measured;
  }

  function measureAlias(source: string, offset: number): number {
    countReference(offset);
    const size = anchors.get(source);
    if (size === null) throw new Problem(offset, 'an alias is within what it stands for');
    // An alias of nothing is an error of its own, when the document is made a value.
    aliased += size ?? 1;
    if (aliased > MAX_ALIASED)
      throw new Problem(offset, `expected aliases of at most ${MAX_ALIASED} values together`);
    return size ?? 1;
  }

  function countReference(offset: number): void {
    references += 1;
    if (references > MAX_REFERENCES)
      throw new Problem(offset, `expected at most ${MAX_REFERENCES} anchors and aliases`);
  }
}

function checkKeys(keys: readonly unknown[]): void {
  const seen = new Set<unknown>();
  for (const key of keys) {
    if (!isScalar(key)) continue;
    if (seen.has(key.value)) throw new Problem(offsetOf(key), 'map keys must be unique');
    seen.add(key.value);
  }
}

class Problem extends Error implements YamlProblem {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

function offsetOf(node: unknown): number {
  const hasRange = typeof node === 'object' && node !== null && 'range' in node;
  return hasRange && Array.isArray(node.range) ? Number(node.range[0]) : 0;
}
