import type { TargetFields } from './generated.js';

/** What tells targets of one Session apart. */
type Identity = Pick<TargetFields, 'id' | 'name'>;

/**
 * The part of a target's id after its Session's: the name, or `name#2`, `name#3`, … for further targets of one name. It is
 * distinct within the Session.
 */
export function targetKey({ id, name }: Identity): string {
  const [repeat = ''] = /#\d+$/.exec(id) ?? [];
  // No Session's name contains a `#`, so that this is never the end of the Session's id.
  return repeat !== '' && id.endsWith(`#${name}${repeat}`) ? `${name}${repeat}` : name;
}

/** Orders targets as Tilt does: by name, and within one name as they come. */
export function compareTargets(a: Identity, b: Identity): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return placeOf(a) - placeOf(b);
}

function placeOf(target: Identity): number {
  return Number(targetKey(target).slice(target.name.length + 1));
}
