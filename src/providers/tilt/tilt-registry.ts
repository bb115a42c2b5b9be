import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import { ProviderError, type SessionProvider } from '../provider.js';
import type { Endpoint, KubeContext } from './kube-context.js';
import { type FollowedTilt, isSameEntry, planTilts, type Step } from './plan-tilts.js';

/** Dependencies of {@link createTiltRegistry}. */
export interface TiltRegistryOptions {
  /** Name of the kubeconfig, for messages. */
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a new entry of a connected Tilt's name may be a restart, in milliseconds. */
  readonly graceMs: number;
  /** Interval between attempts to follow a Tilt that was rejected, in milliseconds. */
  readonly retryMs: number;
  createProvider(context: KubeContext, name: string, onConnection: (isUp: boolean) => void): SessionProvider;
  /** See `TiltDiscoveryOptions`. */
  onFound(provider: SessionProvider): void;
  onReplaced(provider: SessionProvider): void;
  onLost(name: string, reason: string): void;
}

/** Listener of the steps between two updates, after a connection broke or time has passed. */
export interface RegistryListener {
  /** A Tilt was found, replaced or lost, or `error` has changed. */
  onChange(): void;
  /** A step failed unexpectedly. */
  onFailure(error: unknown): void;
}

/** The followed Tilts, kept consistent with the kubeconfig and with the connections to them. */
export interface TiltRegistry {
  /**
   * Why some Tilts cannot be followed, for example because their names are in use, on one line; null when all
   * are followed. They are tried again at intervals.
   */
  readonly error: string | null;
  /** Takes steps between updates too, until `stop`. */
  start(listener: RegistryListener): void;
  stop(): void;
  /**
   * Applies the entries of the kubeconfig. Returns whether a Tilt was found, replaced or lost, or `error` has
   * changed. Throws the first unexpected error of a step, after all other steps were taken.
   */
  update(entries: readonly KubeContext[]): boolean;
  /** Whether the entry of a Tilt, which existed before, is missing. */
  isMissingFrom(entries: readonly KubeContext[]): boolean;
  /** Whether an entry has a new address but the previous credentials: Tilt writes them in steps. */
  isHalfWritten(entry: KubeContext): boolean;
}

interface Tilt extends FollowedTilt {
  connection: FollowedTilt['connection'];
}

/** A step that failed, and the entry that it concerns. */
interface Failure {
  readonly context: KubeContext;
  readonly error: unknown;
}

/** Creates an empty registry. */
export function createTiltRegistry(options: TiltRegistryOptions): TiltRegistry {
  const { file, clock, log, graceMs, retryMs } = options;
  const tilts = new Map<string, Tilt>();
  /** When the entry of each possible second Tilt was first seen, by {@link keyOf}. */
  let challengers = new Map<string, number>();
  let listed: readonly KubeContext[] | null = null;
  let error: string | null = null;
  let listener: RegistryListener | null = null;
  let cancelPlanning = () => {};

  return {
    get error() {
      return error;
    },
    start(given) {
      listener = given;
    },
    stop() {
      listener = null;
      cancelPlanning();
    },
    update(entries) {
      listed = entries;
      return plan();
    },
    isMissingFrom: (entries) =>
      [...tilts.values()].some(
        ({ context }) =>
          listed?.some((entry) => isSameEntry(entry, context)) &&
          !entries.some(({ name }) => name === context.name),
      ),
    isHalfWritten: (entry) => [...tilts.values()].some(({ context }) => isHalfWritten(context, entry)),
  };

  /** See `update`. */
  function plan(): boolean {
    if (listed === null) return false;
    const { steps, undecided } = planTilts({ known: [...tilts.values()], listed, mayEnd });
    // A Tilt that cannot be added must not delay the others, so it does not end the watch of the file.
    const failures = steps.flatMap(tryToTake);
    planAgainLater(undecided, failures);
    const unexpected = failures.find((failure) => !(failure.error instanceof ProviderError));
    if (unexpected) throw unexpected.error;
    const before = error;
    error = describeAll(failures);
    return failures.length < steps.length || error !== before;
  }

  function planBetweenUpdates(): void {
    try {
      if (listener && plan()) listener.onChange();
    } catch (error) {
      listener?.onFailure(error);
    }
  }

  function mayEnd(challenger: KubeContext): boolean {
    const since = challengers.get(keyOf(challenger)) ?? clock.monotonic();
    challengers.set(keyOf(challenger), since);
    return clock.monotonic() - since < graceMs;
  }

  function planAgainLater(undecided: readonly KubeContext[], failures: readonly Failure[]): void {
    cancelPlanning();
    // A second Tilt that was rejected gets no new grace period, in which its error would disappear.
    const kept = new Set([...undecided, ...failures.map(({ context }) => context)].map(keyOf));
    challengers = new Map([...challengers].filter(([key]) => kept.has(key)));
    const now = clock.monotonic();
    const delays = undecided.map((entry) => (challengers.get(keyOf(entry)) ?? now) + graceMs - now);
    if (failures.length > 0) delays.push(retryMs);
    if (delays.length === 0) return;
    cancelPlanning = clock.after(Math.max(0, Math.min(...delays)), planBetweenUpdates);
  }

  /** Takes a step. Returns its failure, if any. */
  function tryToTake(step: Step<Tilt>): readonly Failure[] {
    try {
      if (step.type === 'remove') remove(step);
      else follow(step);
      return [];
    } catch (error) {
      const { context } = step.type === 'remove' ? step.tilt : step;
      return [{ context, error }];
    }
  }

  function remove({ tilt: { name }, why }: Extract<Step<Tilt>, { readonly type: 'remove' }>): void {
    const reason =
      why === 'overwritten'
        ? `its entry in ${file} is now that of another Tilt`
        : `its entry is no longer in ${file}`;
    tilts.delete(name);
    options.onLost(name, reason);
    log('info', `Source ${name}: Tilt exited: ${reason}`);
  }

  function follow(step: FollowStep): void {
    const { context } = step;
    const name = step.type === 'add' ? step.name : step.tilt.name;
    const tilt: Tilt = { name, context, connection: 'connecting' };
    const provider = options.createProvider(context, name, (isUp) => setConnection(tilt, isUp));
    if (step.type === 'add') options.onFound(provider);
    else options.onReplaced(provider);
    // Added last, so that a Tilt that was rejected, for example for its name, is tried again.
    tilts.set(name, tilt);
    log('info', `Source ${name}: ${describe(step)}`);
  }

  function setConnection(tilt: Tilt, isUp: boolean): void {
    const connection = isUp ? 'up' : 'down';
    if (tilt.connection === connection) return;
    tilt.connection = connection;
    // In a microtask, because a provider can fail while it is being added. It still runs before the
    // provider's error arrives.
    if (!isUp) queueMicrotask(planBetweenUpdates);
  }
}

type FollowStep = Exclude<Step<Tilt>, { readonly type: 'remove' }>;

/** Joins the messages of failures; null when there are none. */
function describeAll(failures: readonly Failure[]): string | null {
  return failures.length === 0 ? null : failures.map(({ error }) => messageOf(error)).join('; ');
}

function describe(step: FollowStep): string {
  const { context } = step;
  const where =
    context.is === 'usable' ? `at ${context.endpoint.server}` : 'with an entry that cannot be used';
  if (step.type === 'replace') return `the Tilt was restarted, it is now ${where}`;
  const overwritten =
    step.name === context.name ? '' : `, whose entry overwrote that of ${context.name}, which still runs`;
  return `found a Tilt ${where}${overwritten}`;
}

function keyOf(context: KubeContext): string {
  return context.is === 'usable' ? `${context.name} ${context.endpoint.server}` : context.name;
}

function isHalfWritten(before: KubeContext, after: KubeContext): boolean {
  if (before.name !== after.name || before.is === 'unusable' || after.is === 'unusable') return false;
  const isSameServer = before.endpoint.server === after.endpoint.server;
  const credentials = credentialsIn(after.endpoint);
  const isAnonymous = credentials.every((value) => value === null);
  return !isSameServer && !isAnonymous && isDeepStrictEqual(credentialsIn(before.endpoint), credentials);
}

function credentialsIn({ token, clientCertificate, clientKey, basic }: Endpoint): readonly unknown[] {
  return [token, clientCertificate, clientKey, basic];
}
