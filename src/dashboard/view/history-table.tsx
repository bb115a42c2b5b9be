import { formatExactClock, parseTime } from '../model/time.js';
import type { Transition } from '../model/types.js';
import { PhaseBadge } from './badges.js';

/** What a target went through, the newest first, as the gateway saw it. */
export function HistoryTable({ history }: { readonly history: readonly Transition[] }) {
  return (
    <table class="history">
      <caption class="hidden">Changes that the gateway saw, the newest first</caption>
      <thead>
        <tr>
          <th scope="col">Seen at</th>
          <th scope="col">Phase</th>
          <th scope="col">Summary</th>
        </tr>
      </thead>
      <tbody>
        {history.toReversed().map(({ time, phase, state }) => (
          <tr key={`${time} ${phase} ${state?.summary}`}>
            <td class="mono">{formatExactClock(parseTime(time) ?? 0)}</td>
            <td>
              <PhaseBadge phase={phase} />
            </td>
            <td class="cell-summary">{state?.summary}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
