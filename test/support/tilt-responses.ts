import type { ServerResponse } from 'node:http';
import { readHttpRecording } from './recording.js';
import type { SessionJson } from './session-json.js';

/** What a request gets instead of its answer. `silent`: it is accepted and never answered. `cut`: the connection is broken. */
export type Fault =
  | 'silent'
  | 'cut'
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

/** Answers as the fault says. */
export function sendFault(response: ServerResponse, fault: Fault): void {
  if (fault === 'silent') return;
  if (fault === 'cut') response.socket?.destroy();
  else
    send(
      response,
      fault.status,
      fault.body ?? createStatus(fault.status, `this is a ${fault.status}`),
      fault.headers,
    );
}

/** Answers as a real Tilt once did: a file of `test/fixtures/recordings`, such as `version-200`. */
export function sendRecorded(response: ServerResponse, name: string): void {
  const { status, body } = readHttpRecording(name);
  send(response, status, body);
}

/** Sends a text as it is, and anything else as JSON. */
export function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...JSON_TYPE, ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Begins a watch: its headers leave at once, as those of Tilt do. */
export function openStream(response: ServerResponse): ServerResponse {
  response.writeHead(200, JSON_TYPE);
  response.flushHeaders();
  return response;
}

const JSON_TYPE = { 'content-type': 'application/json', 'cache-control': 'no-cache, private' };

/** A `SessionList`. */
export function createSessionList(items: readonly SessionJson[], version: number): unknown {
  const metadata = { resourceVersion: String(version) };
  return { kind: 'SessionList', apiVersion: 'tilt.dev/v1alpha1', metadata, items };
}

/** A line of a watch. */
export function formatWatchEvent(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}

/** The object of a BOOKMARK. */
export function createBookmark(version: number): unknown {
  const metadata = { resourceVersion: String(version), creationTimestamp: null };
  return { kind: 'Session', apiVersion: 'tilt.dev/v1alpha1', metadata };
}

/** The `Status` of a refusal. */
export function createStatus(code: number, message: string): unknown {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code };
}
