import { type AbortScope, type Clock, createAbortScope } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import { createRedactor, type Redactor } from '../../logs/redact.js';
import type { Change } from '../../model/change.js';
import type { SessionFacts } from '../../model/facts.js';
import type { Session } from '../../model/session.js';
import { ProviderError } from '../provider.js';
import type { FactsGate } from './facts-gate.js';
import { followHud } from './hud-follower.js';
import { createHudRun, type HudRun } from './hud-run.js';
import type { HudAddress } from './hud-token.js';
import type { KubeContext } from './kube-context.js';
import { describeUnknownWebUrl, findWebUrl } from './web-url.js';

/** Options of {@link createTiltLogs}. */
export interface TiltLogsOptions {
  /** File with the token of Tilt's web server, usually `~/.tilt-dev/token`. Older Tilts have none. */
  readonly tokenFile: string;
  /**
   * Regular expressions (RE2 syntax) of text that is replaced in each line, in addition to the defaults for
   * tokens and passwords. Default: none.
   */
  readonly redact?: readonly string[];
}

/** Reads the logs of Tilts on this machine from their web servers. */
export interface TiltLogs {
  /** Creates the log of one Tilt. Opens no connection yet. */
  open(parts: TiltLogParts): TiltLog;
}

/** The Tilt of a log, and the dependencies. */
export interface TiltLogParts {
  readonly context: KubeContext;
  readonly clock: Clock;
  /** Returns numbers from 0 up to 1, for the jitter of the backoff. */
  readonly random: () => number;
}

/** The log of one Tilt. */
export interface TiltLog {
  /** Kind of facts that the gate waits for: until Tilt's complete view was read, or logs are unavailable. */
  readonly kind: string;
  /** Pushes a change of the Sessions, and the log of a Session that it brings. */
  push(change: Change, gate: FactsGate): void;
  /** Returns the facts with the excerpts of failed targets: the same object until either changes. */
  attach(session: Session, facts: SessionFacts): SessionFacts;
  /** Keeps a connection to the web server until the signal aborts, or until it is drained. Never rejects. */
  follow(gate: FactsGate, signal: AbortSignal): Promise<void>;
  /** Reads the present connection to its end, for at most 250 ms, and opens no other one. */
  drain(): Promise<void>;
}

/**
 * Creates a reader of the logs of Tilts. Throws a {@link ProviderError} `config` for an invalid pattern.
 *
 * @example
 * createGateway({ tilts: { kubeconfig, logs: createTiltLogs({ tokenFile }) } })
 */
export function createTiltLogs({ tokenFile, redact = [] }: TiltLogsOptions): TiltLogs {
  const redactor = openRedactor(redact);
  return { open: (parts) => createTiltLog(tokenFile, redactor, parts) };
}

function openRedactor(patterns: readonly string[]): Redactor {
  try {
    return createRedactor(patterns);
  } catch (error) {
    throw new ProviderError('config', messageOf(error));
  }
}

/**
 * Time for the last messages of a Tilt that exits, in milliseconds. They arrive about 6 ms before it cuts its
 * connections.
 */
const DRAIN_MS = 250;

/** Kind of the `availability` of logs. */
const KIND = 'logs';

function createTiltLog(tokenFile: string, redactor: Redactor, parts: TiltLogParts): TiltLog {
  const { context, clock } = parts;
  const webUrl = findWebUrl(context);
  let following: Following | null = null;
  let run = createRun(null);

  return {
    kind: KIND,
    push(change, gate) {
      const isNew = observe(change);
      gate.push(change);
      if (isNew || change.type === 'snapshot') pushLog(gate);
    },
    attach: (session, facts) => run.attach(session, facts),
    async follow(gate, signal) {
      if (webUrl === null) {
        gate.push({ type: 'availability', kind: KIND, error: describeUnknownWebUrl(context) });
        gate.settled(KIND);
        return;
      }
      // Before a connection is open: a failure that is seen first has time for its last lines.
      run.resume();
      const scope = createAbortScope(signal);
      const call = { gate, scope, draining: new AbortController(), connection: scope };
      const done = followRuns({ webUrl, tokenFile }, call);
      following = Object.assign(call, { done });
      await done;
      following = null;
      scope.end();
    },
    async drain() {
      if (following === null) return;
      const { draining, scope, done } = following;
      draining.abort();
      const cancel = clock.after(DRAIN_MS, scope.end);
      await done;
      cancel();
    },
  };

  function createRun(uid: string | null): HudRun {
    return createHudRun({ uid, redactor, clock, onExcerpts: () => following?.gate.factsChanged() });
  }

  /** Returns whether the change brings a Session that was not known, or another run of it. */
  function observe(change: Change): boolean {
    const session = findSession(change);
    if (session === null) return false;
    const { uid } = session.metadata;
    if (run.uid !== null && uid !== null && uid !== run.uid) startRun(uid);
    return run.assign(session);
  }

  /** Starts with an empty log and a new connection: no line of another run may appear in it. */
  function startRun(uid: string): void {
    run.dispose();
    run = createRun(uid);
    following?.connection.end();
  }

  /** Keeps a connection for each run, one after the other. */
  async function followRuns(address: HudAddress, call: Omit<Following, 'done'>): Promise<void> {
    const { gate, scope, draining } = call;
    while (!scope.signal.aborted && !draining.signal.aborted) {
      call.connection = createAbortScope(scope.signal);
      await followRun(run, address, call);
      call.connection.end();
    }
    // A watch that was aborted pushes nothing more, and leaves no timer.
    if (!draining.signal.aborted) return run.dispose();
    run.end();
    gate.factsChanged();
  }

  function followRun(
    followed: HudRun,
    address: HudAddress,
    { gate, connection, draining }: Omit<Following, 'done'>,
  ): Promise<void> {
    return followHud(
      {
        ...parts,
        address,
        onOpen: followed.begin,
        onMessage: followed.read,
        onReady() {
          followed.markReady();
          pushLog(gate);
          gate.factsChanged();
          gate.settled(KIND);
        },
        onAvailability(error) {
          gate.push({ type: 'availability', kind: KIND, error });
          if (error !== null) gate.settled(KIND);
        },
      },
      { signal: connection.signal, draining: draining.signal },
    );
  }

  function pushLog(gate: FactsGate): void {
    if (run.id !== null) gate.push({ type: 'log', id: run.id, log: run.isReady ? run.log : null });
  }
}

/** A call of `follow` in progress. */
interface Following {
  readonly gate: FactsGate;
  readonly draining: AbortController;
  /** Scope of all connections. */
  readonly scope: AbortScope;
  /** Scope of the present connection. */
  connection: AbortScope;
  readonly done: Promise<void>;
}

/** Finds the Session of the log. Those with a namespace are not of this Tilt, which has one Session. */
function findSession(change: Change): Session | null {
  const sessions = change.type === 'snapshot' ? change.sessions : [];
  const all = change.type === 'upsert' ? [change.session] : sessions;
  return all.find(({ metadata }) => metadata.namespace === null) ?? null;
}
