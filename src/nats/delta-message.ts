import { DecodeError } from '../model/decode-fields.js';
import type { Session } from '../model/session.js';
import { type AppliedDelta, applyDelta, digestOf, encodeDelta } from './delta.js';

/**
 * Headers of a message whose value is the complete state. A reader that holds the previous state, at exactly
 * the revision `base` of the same key, applies the delta without reading the value. All others ignore them,
 * as gateways of earlier versions do.
 */
export const HEADERS = {
  /** `<base> <serial> <delta>` */
  delta: 'Tilt-Graphql-Delta',
  /** Digest of the complete state. */
  digest: 'Tilt-Graphql-Digest',
} as const;

/** Headers of a message. */
export interface MessageHeaders {
  get(name: string): string;
  has(name: string): boolean;
}

/** A delta, as read from the headers of a message. */
export interface ReceivedDelta extends AppliedDelta {
  readonly serial: number;
  /** Length of its text, in characters. */
  readonly length: number;
  /** Digest of the publisher's state. */
  readonly digest: string;
}

/**
 * Encodes the headers of a state; null if readers need its value. @param base revision of the previous state
 */
export function encodeDeltaHeaders(
  before: Session,
  after: Session,
  { base, serial }: { readonly base: number; readonly serial: number },
): ReadonlyMap<string, string> | null {
  const delta = encodeDelta(before, after);
  if (delta === null) return null;
  return new Map([
    [HEADERS.delta, `${base} ${serial} ${delta}`],
    [HEADERS.digest, digestOf(after)],
  ]);
}

/**
 * Applies the delta of a message. Returns null if it has none with a digest that was made from this revision
 * and fits its state: the value of the message has to be read.
 */
export function receiveDelta(
  headers: MessageHeaders | undefined,
  known: { readonly revision: number; readonly session: Session },
): ReceivedDelta | null {
  const text = headers?.get(HEADERS.delta) ?? '';
  const start = text.indexOf('{');
  const [, base, serial] = FORMAT.exec(text.slice(0, Math.max(start, 0))) ?? [];
  const digest = headers?.get(HEADERS.digest) ?? '';
  // Without a digest, a delta that led to another state would never be noticed.
  if (serial === undefined || Number(base) !== known.revision || digest === '') return null;
  try {
    const { session, changedTargets } = applyDelta(known.session, text.slice(start));
    return { session, changedTargets, serial: Number(serial), length: text.length, digest };
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/** The text before a delta: the revision of the previous state, and the serial. */
const FORMAT = /^(\d{1,15}) (\d{1,15}) $/;
