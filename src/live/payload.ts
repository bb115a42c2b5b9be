import { type ExecutionArgs, type ExecutionResult, executeSync } from 'graphql';
import { maskResult } from '../graphql/mask.js';
import type { Log } from '../log.js';
import type { LiveEvent } from './view.js';

/** A result that readers get: executed and serialised once for all that share it. */
export interface Payload extends ExecutionResult {
  readonly cursor: string;
  readonly onlyIfDifferent: boolean;
  /** The result as JSON. */
  readonly body: Buffer;
  /** The same bytes and one `}` more: all that follows `{…,"payload":` in a message around it. */
  readonly closedBody: Buffer;
}

/** Executes a subscription's document on an event. Every resolver is synchronous: the store is in memory. */
export function executeOn(event: LiveEvent, args: ExecutionArgs, log: Log): Payload {
  const result = maskResult(executeSync({ ...args, rootValue: event }), log);
  const { cursor, onlyIfDifferent } = event;
  const closedBody = Buffer.from(`${JSON.stringify(result)}}`);
  return { ...result, cursor, onlyIfDifferent, body: closedBody.subarray(0, -1), closedBody };
}

/** Whether what a transport was given is one of ours. */
export function isPayload(result: object): result is Payload {
  return 'body' in result && 'cursor' in result;
}

/** Whether a reader that has the one need not be sent the other (S6). */
export function isRepeated(payload: Payload, last: Payload | null): boolean {
  if (!payload.onlyIfDifferent || last === null) return false;
  return payload.body === last.body || payload.body.equals(last.body);
}
