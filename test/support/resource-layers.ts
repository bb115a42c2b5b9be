import { decodeSession } from '../../src/model/decode.js';
import type { Session } from '../../src/model/session.js';
import { explained, resourceFacts, waitingOn } from './resource-facts.js';
import { sessionJson } from './session-json.js';
import { states } from './sessions.js';

/**
 * Creates a Session of the instance `a` whose resources form layers: each waits for all of the next layer, so
 * the number of paths between them grows exponentially.
 */
export function layeredSession(layers: number, width: number): Session {
  const isLast = (layer: number) => layer === layers - 1;
  const all = Array.from({ length: layers * width }, (_, n) => ({
    layer: Math.floor(n / width),
    at: n % width,
  }));
  const targets = all.map(({ layer, at }) => ({
    name: `r${layer}-${at}:update`,
    type: 'job',
    resources: [`r${layer}-${at}`],
    state: isLast(layer) ? states.running : states.waiting,
  }));
  const next = (layer: number) => Array.from({ length: width }, (_, at) => `r${layer + 1}-${at}`);
  const resources = all.map(({ layer, at }) =>
    resourceFacts(`r${layer}-${at}`, isLast(layer) ? {} : { waitingOn: waitingOn(...next(layer)) }),
  );
  const sorted = targets.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return explained(decodeSession(sessionJson({ uid: 'layers', targets: sorted }), 'a'), resources);
}

/** Selection of the targets of that Session, with their blockers in so many layers. */
export function nestedBlockers(
  layers: number,
  root = 'session(id: "a/Tiltfile") { status { targets',
): string {
  const nested = Array.from({ length: layers - 1 }).reduce((inner) => `name blockedBy { ${inner} }`, 'name');
  const text = `{ ${root} { ${nested}`;
  return `${text}${' }'.repeat(text.split('{').length - text.split('}').length)}`;
}
