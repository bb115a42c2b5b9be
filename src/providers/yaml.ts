import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  Parser,
} from 'yaml';
import { messageOf } from '../lib/errors.js';

/** Why a text cannot be read as YAML. */
export class YamlError extends Error {
  override readonly name = 'YamlError';

  /**
   * @param message may quote the text
   * @param reason the same without a quotation, for texts that hold secrets
   * @param position where, counted from 1; null for the text as a whole
   */
  constructor(
    message: string,
    readonly reason: string,
    readonly position: { readonly line: number; readonly col: number } | null,
  ) {
    super(message);
  }
}

/**
 * Longest YAML that is read, in characters. 4 Mi: parsing it takes seconds, during which the gateway does
 * nothing else. JSON is a hundred times faster.
 */
export const MAX_YAML_LENGTH = 4 * 1024 * 1024;

/** Deepest nesting of mappings and lists: a list of Sessions with their managed fields has 25. */
const MAX_DEPTH = 100;

/** Most anchors and aliases in a text: the library searches each alias in its whole document. */
const MAX_REFERENCES = 1_000;

/** Most values that all aliases of a text expand to. */
const MAX_ALIASED = 100_000;

/**
 * Ends as soon as the text is nested too deeply, before anything is composed from it. Deep nesting would be
 * an attack: 5,000 brackets end the process (V8 compiles a regular expression with no stack left, which is
 * fatal), and 250 nested mappings as keys take seconds.
 */
class DepthLimitedParser extends Parser {
  override *next(lexeme: string): Generator<CST.Token, void> {
    yield* super.next(lexeme);
    if (this.stack.length > MAX_DEPTH)
      throw limitError(`expected at most ${MAX_DEPTH} nested mappings and lists`);
  }
}

/**
 * Parses the documents of a YAML text. Throws a {@link YamlError}. The text may be hostile: its length,
 * nesting and aliases are limited. Times stay strings (core schema of YAML 1.2).
 */
export function parseYaml(text: string): unknown[] {
  if (text.length > MAX_YAML_LENGTH)
    throw limitError(`expected at most ${MAX_YAML_LENGTH / 2 ** 20} MiB of YAML`);
  const lineCounter = new LineCounter();
  const parser = new DepthLimitedParser(lineCounter.addNewLine);
  const composer = new Composer({
    schema: 'core',
    prettyErrors: false,
    uniqueKeys: false,
    lineCounter,
    // Node.js would print warnings, with a part of the text.
    logLevel: 'error',
  });
  const documents = [...composer.compose(parser.parse(text))];
  const check = createDocumentCheck();
  return documents.map((document) => {
    const problem = findSyntaxError(document) ?? check(document);
    if (problem === null) return toValue(document);
    const { offset, message, reason = message } = problem;
    throw new YamlError(message, reason, lineCounter.linePos(offset));
  });
}

function limitError(message: string): YamlError {
  return new YamlError(message, message, null);
}

function findSyntaxError({ errors: [error] }: Pick<Document, 'errors'>): YamlProblem | null {
  if (error === undefined) return null;
  const reason = error.code.toLowerCase().replaceAll('_', ' ');
  return { offset: error.pos[0], message: error.message, reason };
}

/** Converts a document to a value. An alias without an anchor is reported here, with its name. */
function toValue(document: Pick<Document, 'toJS'>): unknown {
  try {
    return document.toJS({ maxAliasCount: -1 });
  } catch (error) {
    const message = messageOf(error);
    const [reason = ''] = message.split(/[\n:]/);
    throw new YamlError(message, reason, null);
  }
}

interface YamlProblem {
  /** Index in the text, in characters. */
  readonly offset: number;
  readonly message: string;
  /** Default: `message`. */
  readonly reason?: string;
}

/**
 * Creates a check of a text's documents for repeated keys and excessive aliases. Returns null for a valid
 * document. The library can check both, but in time that grows with the square of their number: 20,000 keys
 * took 4 s, 8,000 aliases 25 s. Hence the options `uniqueKeys: false` and `maxAliasCount: -1`. Documents must
 * not be nested deeper than the stack allows.
 */
function createDocumentCheck(): (document: Document) => YamlProblem | null {
  /** Number of values that each anchor stands for; null before its end. */
  const anchors = new Map<string, number | null>();
  let [references, aliased] = [0, 0];
  return ({ contents }) => {
    anchors.clear();
    try {
      measure(contents);
      return null;
    } catch (error) {
      if (error instanceof CheckError) return error;
      throw error;
    }
  };

  /** Number of values that a node stands for. */
  function measure(node: unknown): number {
    if (isAlias(node)) return measureAlias(node.source, offsetOf(node));
    if (isPair(node)) return measure(node.key) + measure(node.value);
    if (!isMap(node) && !isSeq(node)) return measureAnchored(node, () => 1);
    return measureAnchored(node, () => {
      if (isMap(node)) checkKeys(node.items.map(({ key }) => key));
      return node.items.reduce((sum: number, item) => sum + measure(item), 1);
    });
  }

  /** Measures a node and records the result for its anchor, if it has one. */
  function measureAnchored(node: unknown, measureNode: () => number): number {
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor === undefined) return measureNode();
    countReference(offsetOf(node));
    anchors.set(anchor, null);
    const size = measureNode();
    anchors.set(anchor, size);
    return size;
  }

  function measureAlias(source: string, offset: number): number {
    countReference(offset);
    const size = anchors.get(source);
    if (size === null) throw new CheckError(offset, 'an alias is inside its own anchor');
    // `toValue` reports an alias without an anchor.
    aliased += size ?? 1;
    if (aliased > MAX_ALIASED)
      throw new CheckError(offset, `expected aliases that expand to at most ${MAX_ALIASED} values in total`);
    return size ?? 1;
  }

  function countReference(offset: number): void {
    references += 1;
    if (references > MAX_REFERENCES)
      throw new CheckError(offset, `expected at most ${MAX_REFERENCES} anchors and aliases`);
  }
}

function checkKeys(keys: readonly unknown[]): void {
  const seen = new Set<unknown>();
  for (const key of keys) {
    if (!isScalar(key)) continue;
    if (seen.has(key.value)) throw new CheckError(offsetOf(key), 'map keys must be unique');
    seen.add(key.value);
  }
}

class CheckError extends Error implements YamlProblem {
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
