import type { Span } from '../model/route.js';
import { usePage } from '../state/page.js';

const SPAN_WORDS: Readonly<Record<Span, string>> = {
  all: 'All the time',
  '1h': 'Last hour',
  '10m': 'Last 10 min',
  '1m': 'Last minute',
};

/** Chooses how much of the end of the timeline is shown. */
export function SpanChoice() {
  const { router } = usePage();
  return (
    <label class="choice">
      <span class="hidden">Time shown</span>
      <select
        value={router.route.value.span}
        onChange={({ currentTarget: { value } }) => {
          const span = SPAN_NAMES.find((name) => name === value);
          if (span) router.go({ span });
        }}
      >
        {SPAN_NAMES.map((span) => (
          <option key={span} value={span}>
            {SPAN_WORDS[span]}
          </option>
        ))}
      </select>
    </label>
  );
}

const SPAN_NAMES: readonly Span[] = ['all', '1h', '10m', '1m'];
