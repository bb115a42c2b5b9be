import { type ReadonlySignal, useComputed } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { type Group, groupsOf, keepGroups } from '../model/groups.js';
import type { Targets } from '../state/board.js';
import { usePage } from '../state/page.js';
import { NoMatch } from './empty.js';
import { useSkipped } from './skipped.js';
import { TargetRow } from './target-row.js';

/** The targets by resource. Which rows there are is worked out anew only when that may have changed. */
export function TargetTable({ targets }: { readonly targets: ReadonlySignal<Targets> }) {
  const { router } = usePage();
  const last = useRef<readonly Group[]>([]);
  const groups = useComputed(() => {
    const all = [...targets.value.values()].map((target) => target.value);
    last.current = keepGroups(last.current, groupsOf(all, router.route.value));
    return last.current;
  });
  if (groups.value.length === 0) {
    return targets.value.size === 0 ? <p class="note">No targets yet.</p> : <NoMatch what="target" />;
  }
  return (
    <table class="targets">
      <caption class="hidden">Targets by resource</caption>
      <thead>
        <tr>
          <th scope="col">Resource</th>
          <th scope="col">Target</th>
          <th scope="col">Phase</th>
          <th scope="col">Time</th>
          <th scope="col">Readiness</th>
          <th scope="col">Reason</th>
        </tr>
      </thead>
      {groups.value.map((group) => (
        <ResourceGroup key={group.resource} group={group} targets={targets} />
      ))}
    </table>
  );
}

function ResourceGroup({
  group,
  targets,
}: {
  readonly group: Group;
  readonly targets: ReadonlySignal<Targets>;
}) {
  const known = targets.value;
  const body = useRef<HTMLTableSectionElement>(null);
  const isSkipped = useSkipped(body);
  return (
    <tbody ref={body}>
      <tr class="group" style={{ '--rows': group.keys.length }}>
        <th scope="rowgroup" colSpan={6}>
          {group.resource}
        </th>
      </tr>
      {group.keys.map((key) => {
        const target = known.get(key);
        return target && <TargetRow key={key} target={target} isFar={isSkipped} />;
      })}
    </tbody>
  );
}
