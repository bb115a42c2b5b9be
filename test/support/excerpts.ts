import type { Excerpt } from '../../src/client/excerpts.js';
import type { LogLine, TargetExcerpt } from '../../src/model/log.js';
import type { Session } from '../../src/model/session.js';
import { logLine } from './log-lines.js';

/** Creates an excerpt as a client receives it. */
export function excerptFields(lines: readonly string[], fields: Partial<Excerpt> = {}): Excerpt {
  return { lines: lines.map((text) => ({ level: 'INFO', text })), omitted: 0, isFinal: true, ...fields };
}

/** Returns the Session with the excerpt of one of its failed targets, besides its other excerpts. */
export function withExcerpt(
  of: Session,
  target: string,
  lines: readonly string[],
  fields: Partial<TargetExcerpt> = {},
): Session {
  const state = of.status.targets.find(({ name }) => name === target)?.state;
  if (state?.is !== 'terminated') throw new Error(`${target} has not ended`);
  const resource = target.replace(/:.*/, '');
  const excerpt: TargetExcerpt = {
    target,
    startTime: state.startTime,
    finishTime: state.finishTime,
    lines: lines.map((text): LogLine => logLine(text, { resource, target })),
    omitted: 0,
    isFinal: true,
    ...fields,
  };
  const facts = of.facts ?? { resources: null, cluster: null, webUrl: null };
  return { ...of, facts: { ...facts, excerpts: [...(facts.excerpts ?? []), excerpt] } };
}
