import { isRecord } from '../lib/is-record.js';

/** Persisted documents, which clients request by id. */
export interface Documents {
  /** Returns the text with an id, or null. */
  find(id: string): string | null;
  /** Whether a text is a persisted document. */
  has(text: string): boolean;
}

/** Error in a manifest. `message` is one line: expected and actual content. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

/**
 * Parses a manifest of persisted documents: an object of texts by id, as GraphQL Code Generator's
 * `persistedDocuments` and Relay's compiler write it. Throws a {@link ManifestError}.
 *
 * @param json the file's content
 */
export function readManifest(json: string): Documents {
  const manifest = parse(json);
  if (!isRecord(manifest)) {
    throw new ManifestError(`expected an object of documents by id, got ${kindOf(manifest)}`);
  }
  const byId = new Map<string, string>();
  for (const [id, text] of Object.entries(manifest)) {
    if (typeof text !== 'string')
      throw new ManifestError(`document ${id}: expected a text, got ${kindOf(text)}`);
    byId.set(id, text);
  }
  const texts = new Set(byId.values());
  return { find: (id) => byId.get(id) ?? null, has: (text) => texts.has(text) };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new ManifestError('expected JSON, an object of documents by id');
  }
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
