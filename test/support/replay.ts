import { decodeSession } from '../../src/model/decode.js';
import { createMemoryProvider, type MemorySource } from '../../src/providers/memory.js';
import { startGateway, type TestGateway } from './gateway.js';
import { createManualClock, type ManualClock } from './manual-clock.js';
import { type RecordingName, readRecordedEvents } from './recording.js';

/** A gateway that receives a recorded watch at the recorded times, on a manual clock. */
export interface Replay extends TestGateway {
  readonly clock: ManualClock;
  readonly source: MemorySource;
  /** Number of recorded events. */
  readonly length: number;
  /**
   * Plays the events up to this one, each at its time. Counted from 1; negative numbers count from the end.
   */
  playTo(event: number): Promise<void>;
}

/** Starts a gateway before the first event. */
export async function startReplay(name: RecordingName, instance = 'tilt-default'): Promise<Replay> {
  const events = readRecordedEvents(name);
  const opened = Math.max(...events.map(({ ms, object }) => newestTimeIn(object) - ms));
  const clock = createManualClock(opened);
  const source = createMemoryProvider(instance);
  const gateway = await startGateway({ providers: [source.provider], clock });
  await gateway.gateway.ready();
  let played = 0;
  return {
    ...gateway,
    clock,
    source,
    length: events.length,
    async playTo(event) {
      const until = event < 0 ? events.length + 1 + event : event;
      for (const { ms, object } of events.slice(played, until)) {
        await clock.advance(opened + ms - clock.now());
        source.put(decodeSession(object, instance));
        // Two events at the same time must stay two changes.
        await clock.advance(0);
      }
      played = Math.max(played, until);
    },
  };
}

/** Finds the newest time in a Session, in milliseconds since 1970. */
function newestTimeIn(object: object): number {
  const times = [...JSON.stringify(object).matchAll(/"20[\d-]+T[\d:.]+Z"/g)].map(([text]) =>
    Date.parse(JSON.parse(text)),
  );
  return Math.ceil(Math.max(...times));
}
