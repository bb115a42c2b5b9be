import type { ServerResponse } from 'node:http';
import { readHttpRecording } from './recording.js';
import type { SessionJson } from './session-json.js';

/** Replaces the response to a request. `silent`: no response. `cut`: the connection is destroyed. */
export type Fault =
  | 'silent'
  | 'cut'
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

/** Responds with a fault. */
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

/** Sends a recorded response of a real Tilt: a file of `test/fixtures/recordings`, such as `version-200`. */
export function sendRecorded(response: ServerResponse, name: string): void {
  const { status, body } = readHttpRecording(name);
  send(response, status, body);
}

/** Sends a string unchanged, and any other value as JSON. */
export function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...JSON_TYPE, ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Starts a watch response. Headers are flushed at once, as Tilt does. */
export function openStream(response: ServerResponse): ServerResponse {
  response.writeHead(200, JSON_TYPE);
  response.flushHeaders();
  return response;
}

const JSON_TYPE = { 'content-type': 'application/json', 'cache-control': 'no-cache, private' };

/** Creates a `SessionList`. */
export function createSessionList(items: readonly SessionJson[], version: number): unknown {
  return createList('sessions', items, version);
}

const LIST_KINDS = { sessions: 'SessionList', uiresources: 'UIResourceList', clusters: 'ClusterList' };

/** Creates the list of a kind. */
export function createList(
  plural: keyof typeof LIST_KINDS,
  items: readonly SessionJson[],
  version: number,
): unknown {
  const metadata = { resourceVersion: String(version) };
  return { kind: LIST_KINDS[plural], apiVersion: 'tilt.dev/v1alpha1', metadata, items };
}

/** Formats one line of a watch. */
export function formatWatchEvent(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}

/** Creates the object of a BOOKMARK event. */
export function createBookmark(version: number): unknown {
  const metadata = { resourceVersion: String(version), creationTimestamp: null };
  return { kind: 'Session', apiVersion: 'tilt.dev/v1alpha1', metadata };
}

/** Creates the Kubernetes `Status` of an error. */
export function createStatus(code: number, message: string): unknown {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code };
}
