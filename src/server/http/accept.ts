/** A media range of `Accept` (RFC 9110, section 12.5.1). */
interface MediaRange {
  /** In lower case and without parameters: a media type, or one with a wildcard such as `text/*`. */
  readonly type: string;
  readonly charset: string;
  /** From 0, which means "not acceptable", to 1. */
  readonly weight: number;
}

/** Media types of GraphQL answers, the preferred first. */
const ANSWER_TYPES = [
  'application/json',
  'application/graphql-response+json',
  'text/event-stream',
  'multipart/mixed',
];

/** A header that no media type matches. An empty one would mean that all are accepted. */
const NOTHING = 'none/none';

/**
 * Evaluates the weights in `Accept`, which Yoga ignores. Returns a header without weights, with the media
 * types of GraphQL answers that the client accepts: the preferred first, and of equal ones the first in the
 * header. A header without weights stays as it is.
 */
export function normalizeAccept(header: string): string {
  if (!/;\s*q\s*=/i.test(header)) return header;
  const ranges = parseAccept(header).filter(({ charset }) => charset === 'utf-8');
  return (
    ANSWER_TYPES.map((type) => ({ type, index: findRange(ranges, type) }))
      .map((found) => ({ ...found, weight: ranges[found.index]?.weight ?? 0 }))
      .filter(({ weight }) => weight > 0)
      .sort((a, b) => b.weight - a.weight || a.index - b.index)
      .map(({ type }) => type)
      .join(', ') || NOTHING
  );
}

/** Whether a header without weights accepts one of these media types. */
export function acceptsAny(header: string, types: readonly string[]): boolean {
  const ranges = parseAccept(header);
  return types.some((type) => findRange(ranges, type) >= 0);
}

/** Whether a header names HTML and does not prefer an answer of GraphQL. */
export function prefersHtml(header: string): boolean {
  if (!/text\/html/i.test(header)) return false;
  const ranges = parseAccept(header);
  const weightOf = (index: number) => ranges[index]?.weight ?? 0;
  const html = weightOf(ranges.findIndex(({ type }) => type === 'text/html'));
  return html > 0 && ANSWER_TYPES.every((type) => weightOf(findRange(ranges, type)) <= html);
}

/** Index of the most specific range that matches a media type; otherwise -1. */
function findRange(ranges: readonly MediaRange[], type: string): number {
  const indexes = [type, type.replace(/\/.*/, '/*'), '*/*'].map((text) =>
    ranges.findIndex((range) => range.type === text),
  );
  return indexes.find((index) => index >= 0) ?? -1;
}

/**
 * Longest part of a header that is read, in characters. Browsers send 150. One of 15 kB would take 10 ms,
 * before its token is checked.
 */
const MAX_HEADER = 2_000;

function parseAccept(header: string): readonly MediaRange[] {
  return header.slice(0, MAX_HEADER).toLowerCase().split(',').map(parseRange);
}

function parseRange(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  const values = new Map(parameters.map(parseParameter));
  return { type, charset: values.get('charset') ?? 'utf-8', weight: parseWeight(values.get('q') ?? '1') };
}

function parseParameter(text: string): [name: string, value: string] {
  const [name = '', value = ''] = text.split('=').map((part) => part.trim());
  return [name, value];
}

/** A malformed weight is ignored. */
function parseWeight(text: string): number {
  return /^(0(\.\d*)?|1(\.0*)?)$/.test(text) ? Number(text) : 1;
}
