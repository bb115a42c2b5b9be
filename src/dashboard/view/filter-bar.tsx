import { type ReadonlySignal, useComputed } from '@preact/signals';
import { isEmpty, togglePhase } from '../model/filter.js';
import { resourcesOf } from '../model/groups.js';
import { PHASE_LOOKS, PHASES } from '../model/phases.js';
import type { Session, TargetPhase } from '../model/types.js';
import type { Targets } from '../state/board.js';
import { usePage } from '../state/page.js';
import { Icon } from './icon.js';
import { SearchBox } from './search-box.js';
import { SpanChoice } from './span-choice.js';

/** Chooses which targets are shown: by words, phase, resource. */
export function FilterBar({
  session,
  targets,
}: {
  readonly session: Session;
  readonly targets: ReadonlySignal<Targets>;
}) {
  const { router } = usePage();
  const { phases, view } = router.route.value;
  return (
    <search class="filter">
      <SearchBox label="Search targets" />
      <ResourceChoice targets={targets} />
      {view === 'timeline' && <SpanChoice />}
      <fieldset class="phases">
        <legend class="hidden">Phases</legend>
        {PHASES.map((phase) => {
          const count = countOf(session.counts, phase);
          if (count === 0 && !phases.includes(phase)) return null;
          return (
            <button
              key={phase}
              type="button"
              class={`chip tone-${PHASE_LOOKS[phase].tone}`}
              aria-pressed={phases.includes(phase)}
              onClick={() => router.go({ phases: togglePhase(phases, phase) })}
            >
              <Icon name={phase} />
              {PHASE_LOOKS[phase].word} <span class="count">{count}</span>
            </button>
          );
        })}
        {!isEmpty(router.route.value) && (
          <button
            type="button"
            class="chip"
            onClick={() => router.go({ text: '', phases: [], resource: null })}
          >
            <Icon name="CLOSE" />
            Clear
          </button>
        )}
      </fieldset>
    </search>
  );
}

function ResourceChoice({ targets }: { readonly targets: ReadonlySignal<Targets> }) {
  const { router } = usePage();
  const names = useComputed(() =>
    // A target's resources change only with its Tiltfile: then it is another.
    resourcesOf([...targets.value.values()].map((target) => target.peek())),
  );
  const { resource } = router.route.value;
  const choices =
    resource === null || names.value.includes(resource) ? names.value : [resource, ...names.value];
  return (
    <label class="choice">
      <span class="hidden">Resource</span>
      <select
        value={resource ?? ''}
        onChange={(event) => router.go({ resource: event.currentTarget.value || null })}
      >
        <option value="">All resources</option>
        {choices.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function countOf(counts: Session['counts'], phase: TargetPhase): number {
  return {
    FAILED: counts.failed,
    RETRYING: counts.retrying,
    RUNNING: counts.running,
    WAITING: counts.waiting,
    READY: counts.ready,
    SUCCEEDED: counts.succeeded,
    DISABLED: counts.disabled,
    INACTIVE: counts.inactive,
  }[phase];
}
