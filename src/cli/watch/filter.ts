import { InvalidArgumentError } from 'commander';
import type { TargetFilter, TargetPhase, TargetType } from '../../client/client.js';
import { PHASES } from '../phases.js';

/**
 * Reads one `--filter`, added to those given before: `phase=FAILED,WAITING`, `type=SERVER`, `resource=api,web`, `name=api:*`,
 * or the glob of a name alone. Of one kind, one value is enough; of several kinds, each must fit.
 */
export function filter(text: string, given: TargetFilter | undefined): TargetFilter {
  const [, kind = 'name', values = ''] = /^(?:(name|phase|type|resource)=)?(.*)$/s.exec(text) ?? [];
  if (values === '') throw expected('a value');
  if (kind === 'name') {
    if (given?.name) throw expected('only one name');
    return { ...given, name: values };
  }
  const words = values.split(',').map((word) => word.trim());
  if (kind === 'phase') return { ...given, phase: [...(given?.phase ?? []), ...words.map(phaseOf)] };
  if (kind === 'type') return { ...given, type: [...(given?.type ?? []), ...words.map(typeOf)] };
  return { ...given, resource: [...(given?.resource ?? []), ...words] };
}

function phaseOf(word: string): TargetPhase {
  return oneOf(PHASES, word);
}

function typeOf(word: string): TargetType {
  return oneOf(['JOB', 'SERVER'], word);
}

function oneOf<T extends string>(allowed: readonly T[], word: string): T {
  const found = allowed.find((candidate) => candidate === word.toUpperCase());
  if (found === undefined) throw expected(`one of ${allowed.join(', ')}`);
  return found;
}

function expected(what: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `Expected ${what}, as in phase=FAILED,WAITING, type=SERVER, resource=api, or a name such as api:*.`,
  );
}
