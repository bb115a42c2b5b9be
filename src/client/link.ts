import type { Clock } from '../lib/clock.js';
import type { Connection } from './connection.js';

/** State of the connection to the gateway, as one watch sees it. */
export interface LinkState {
  /**
   * `connecting`: no gateway has answered yet. `live`: the view is current. After a reconnect of a watch that
   * resumes, this is also assumed of a gateway that sends no change for 3.5 s and then answers a ping; one
   * that needs more time for the missed changes sends them later. `lost`: the connection broke, or the newest
   * state exceeds a limit of the gateway, and the view may be out of date until a gateway continues the
   * watch.
   */
  readonly state: 'connecting' | 'live' | 'lost';
  /** Start of this state, in milliseconds since 1970. */
  readonly since: number;
  /** Error of the latest attempt, in one line. Null unless lost. */
  readonly error: string | null;
  /** The current gateway, or the last one that was tried. Null before the first attempt. */
  readonly url: string | null;
  /** Whether every gateway has failed since one was connected. Until then, the next one is tried at once. */
  readonly isDown: boolean;
}

/** Tracks the {@link LinkState} of one watch. */
export interface Link {
  /** Another object after each change. */
  readonly state: LinkState;
  markLive(url: string): void;
  /**
   * Marks the link as live when the gateway answers a ping after a silence of {@link QUIET_MS}, unless it is
   * marked before. A payload that a busy gateway or connection delays arrives before that answer.
   */
  markLiveWhenQuiet(url: string): void;
  markLost(error: string, url: string): void;
  /** Cancels the timer, or the ping. */
  dispose(): void;
}

/**
 * Silence after which a resumed watch counts as live, in milliseconds. A gateway without changes sends
 * nothing, and one that is behind reports that (`BEHIND`) within 3 s.
 */
const QUIET_MS = 3_500;

/** Creates a link that is connecting. */
export function createLink(
  connection: Pick<Connection, 'markHealthy' | 'haveAllFailed' | 'ping'>,
  clock: Clock,
  onChange: () => void,
): Link {
  let link: LinkState = { state: 'connecting', since: clock.now(), error: null, url: null, isDown: false };
  let cancelQuiet = () => {};

  return {
    get state() {
      return link;
    },
    markLive,
    markLiveWhenQuiet(url) {
      cancelQuiet();
      cancelQuiet = clock.after(QUIET_MS, () => {
        cancelQuiet = connection.ping(() => markLive(url));
      });
    },
    markLost(error, url) {
      cancelQuiet();
      const since = link.state === 'lost' ? link.since : clock.now();
      const isDown = connection.haveAllFailed();
      if (link.state === 'lost' && link.error === error && link.isDown === isDown) return;
      change({ state: 'lost', since, error, url, isDown });
    },
    dispose: () => cancelQuiet(),
  };

  function markLive(url: string): void {
    cancelQuiet();
    connection.markHealthy();
    if (link.state !== 'live') change({ state: 'live', since: clock.now(), error: null, url, isDown: false });
  }

  function change(next: LinkState): void {
    link = next;
    onChange();
  }
}
