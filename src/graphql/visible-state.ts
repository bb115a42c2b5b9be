import type { ActiveState, TargetState } from '../model/session.js';
import type { Transition } from '../store/record.js';
import { summaryOfActive } from './summary.js';

/** An active state with its summary, which depends on more than the state. */
export interface SummarizedActive extends ActiveState {
  readonly summary: string;
}

/** A state as the schema shows it. */
export type VisibleState = Exclude<TargetState, { is: 'inactive' | 'active' }> | SummarizedActive;

/** The state of a target or transition as the schema shows it. Inactive is null: Tilt populates no member then. */
export function visibleState({
  phase,
  state,
  readiness,
}: Pick<Transition, 'phase' | 'state' | 'readiness'>): VisibleState | null {
  if (state.is === 'inactive') return null;
  return state.is === 'active' ? { ...state, summary: summaryOfActive(phase, state, readiness) } : state;
}
