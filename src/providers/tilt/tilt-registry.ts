import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import type { SessionProvider } from '../provider.js';
import type { Endpoint, KubeContext } from './kube-context.js';
import { type FollowedTilt, isSameEntry, planTilts, type Step } from './plan-tilts.js';

/** See {@link createTiltRegistry}. */
export interface TiltRegistryOptions {
  /** Name of the kubeconfig, for messages. */
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a connected Tilt may take to end before a new entry of its name counts as a second Tilt, in milliseconds. */
  readonly graceMs: number;
  createProvider(context: KubeContext, name: string, onLink: (isUp: boolean) => void): SessionProvider;
  found(provider: SessionProvider): void;
  changed(provider: SessionProvider): void;
  lost(name: string, reason: string): void;
}

/** Receives what the registry decides between two updates, because a link broke or time went by. */
export interface RegistryListener {
  /** A Tilt was found, replaced or lost. */
  onNews(): void;
  /** A decision failed, such as for a name that is in use. */
  onFailure(error: unknown): void;
}

/** The Tilts that are followed, kept in agreement with the kubeconfig and with the links to them. */
export interface TiltRegistry {
  /** Decides from now on by itself too, until `stop`. */
  start(listener: RegistryListener): void;
  stop(): void;
  /** Takes the entries of the kubeconfig. Returns whether a Tilt was found, replaced or lost. */
  update(entries: readonly KubeContext[]): boolean;
  /** Whether the entry of a Tilt, which was there before, is missing. */
  isMissingFrom(entries: readonly KubeContext[]): boolean;
  /** Whether an entry has the address of a new Tilt and still the credentials of the one before: Tilt writes them in steps. */
  isHalfWritten(entry: KubeContext): boolean;
}

interface Tilt extends FollowedTilt {
  link: FollowedTilt['link'];
}

/** Creates an empty registry. */
export function createTiltRegistry(options: TiltRegistryOptions): TiltRegistry {
  const { file, clock, log, graceMs } = options;
  const tilts = new Map<string, Tilt>();
  /** When the entry of a possible second Tilt was first seen, by its server. */
  let challengers = new Map<string, number>();
  let listed: readonly KubeContext[] | null = null;
  let listener: RegistryListener | null = null;
  let cancelDecision = () => {};

  return {
    start(given) {
      listener = given;
    },
    stop() {
      listener = null;
      cancelDecision();
    },
    update(entries) {
      listed = entries;
      return decide();
    },
    isMissingFrom: (entries) =>
      [...tilts.values()].some(
        ({ context }) =>
          listed?.some((entry) => isSameEntry(entry, context)) &&
          !entries.some(({ name }) => name === context.name),
      ),
    isHalfWritten: (entry) => [...tilts.values()].some(({ context }) => isMixed(context, entry)),
  };

  /** Returns whether there was something to do. */
  function decide(): boolean {
    if (listed === null) return false;
    const { steps, undecided } = planTilts({ known: [...tilts.values()], listed, mayEnd });
    for (const step of steps) take(step);
    awaitDecision(undecided);
    return steps.length > 0;
  }

  function decideLater(): void {
    try {
      if (listener && decide()) listener.onNews();
    } catch (error) {
      listener?.onFailure(error);
    }
  }

  function mayEnd(challenger: KubeContext): boolean {
    const since = challengers.get(keyOf(challenger)) ?? clock.monotonic();
    challengers.set(keyOf(challenger), since);
    return clock.monotonic() - since < graceMs;
  }

  function awaitDecision(undecided: readonly KubeContext[]): void {
    cancelDecision();
    const keys = new Set(undecided.map(keyOf));
    challengers = new Map([...challengers].filter(([key]) => keys.has(key)));
    if (challengers.size === 0) return;
    const dueAt = Math.min(...challengers.values()) + graceMs;
    cancelDecision = clock.after(Math.max(0, dueAt - clock.monotonic()), decideLater);
  }

  function take(step: Step<Tilt>): void {
    if (step.type === 'remove') {
      const { name } = step.tilt;
      const reason =
        step.why === 'overwritten'
          ? `its entry in ${file} is now that of another Tilt`
          : `its entry is no longer in ${file}`;
      tilts.delete(name);
      options.lost(name, reason);
      log('info', `Source ${name}: the Tilt has left: ${reason}`);
      return;
    }
    const { context } = step;
    const name = step.type === 'add' ? step.name : step.tilt.name;
    const tilt: Tilt = { name, context, link: 'connecting' };
    const provider = options.createProvider(context, name, (isUp) => setLink(tilt, isUp));
    if (step.type === 'add') options.found(provider);
    else options.changed(provider);
    // Not before: one that was refused, such as for its name, is not known, and is tried again.
    tilts.set(name, tilt);
    log('info', `Source ${name}: ${newsOf(step)}`);
  }

  function setLink(tilt: Tilt, isUp: boolean): void {
    const link = isUp ? 'up' : 'down';
    if (tilt.link === link) return;
    tilt.link = link;
    // In a task of its own, since a provider can fail while it is being added. It still comes before the provider's error.
    if (!isUp) queueMicrotask(decideLater);
  }
}

function newsOf(step: Exclude<Step<Tilt>, { readonly type: 'remove' }>): string {
  const { context } = step;
  const where =
    context.is === 'usable' ? `at ${context.endpoint.server}` : 'with an entry that cannot be used';
  if (step.type === 'replace') return `the Tilt was restarted, it is now ${where}`;
  const beside = step.name === context.name ? '' : `, beside ${context.name}, whose entry it has overwritten`;
  return `found a Tilt ${where}${beside}`;
}

function keyOf(context: KubeContext): string {
  return context.is === 'usable' ? `${context.name} ${context.endpoint.server}` : context.name;
}

function isMixed(before: KubeContext, after: KubeContext): boolean {
  if (before.name !== after.name || before.is === 'unusable' || after.is === 'unusable') return false;
  const isSameServer = before.endpoint.server === after.endpoint.server;
  const credentials = credentialsIn(after.endpoint);
  const isAnonymous = credentials.every((value) => value === null);
  return !isSameServer && !isAnonymous && isDeepStrictEqual(credentialsIn(before.endpoint), credentials);
}

function credentialsIn({ token, clientCertificate, clientKey, basic }: Endpoint): readonly unknown[] {
  return [token, clientCertificate, clientKey, basic];
}
