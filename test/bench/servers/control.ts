import { answerCalls } from '../processes/answer-calls.js';
import { nanoseconds, type Usage, usage } from '../processes/usage.js';

/** Options of a server under test. */
export interface StartOptions {
  /** See `SessionAt`. */
  readonly services: number;
  /** Number of sessions, from 1 to 10. */
  readonly streams: number;
  /** Whether the gateway compresses for clients on this machine. Default: false. */
  readonly isCompressing?: boolean;
  /**
   * Source of its updates, if not `emit`: a kubeconfig or a bucket for the gateway, a port for the pipe. With
   * the file of a Tilt's token, logs are read as well.
   */
  readonly upstream?:
    | { readonly kubeconfig: string; readonly tokenFile?: string }
    | { readonly nats: string }
    | { readonly port: number };
  /** Lines of log that each Session of a gateway without upstream gets per second. Default: it has no log. */
  readonly logLines?: number;
}

/** A server under test. */
export interface BenchServer {
  readonly port: number;
  /** Applies the n-th update of a stream, which notifies its readers. */
  emit(stream: number, n: number): void;
}

/** API of a server process. */
export type ServerApi = {
  start(options: StartOptions): Promise<{ readonly port: number }>;
  /**
   * Sends updates of stream 0 back to back, `perTurn` in each turn of the event loop. Returns the number of
   * the last.
   */
  emit(options: { readonly count: number; readonly perTurn: number }): Promise<number>;
  /**
   * Sends updates of every stream with an interval of `everyMs`. The streams take turns within the interval.
   *
   * @param options `isIdle`: whether only the timers run, and nothing is sent. Default: false
   */
  pace(options: {
    readonly count: number;
    readonly everyMs: number;
    readonly isIdle?: boolean;
  }): Promise<{ readonly first: number; readonly times: readonly (readonly number[])[] }>;
  usage(options: { readonly collect?: boolean }): Usage;
};

/** Runs a server under the control of the harness. */
export function control(start: (options: StartOptions) => Promise<BenchServer>): void {
  let server: BenchServer | undefined;
  const sent: number[] = [];

  const api: ServerApi = {
    async start(options) {
      server = await start(options);
      sent.push(...Array.from({ length: options.streams }, () => 0));
      return { port: server.port };
    },
    async emit({ count, perTurn }) {
      for (let left = count; left > 0; left -= perTurn) {
        for (let turn = Math.min(perTurn, left); turn > 0; turn -= 1) emit(0);
        await nextTurn();
      }
      return sent[0] ?? 0;
    },
    async pace({ count, everyMs, isIdle = false }) {
      const first = (sent[0] ?? 0) + 1;
      const times = sent.map((): number[] => []);
      const from = performance.now();
      for (let step = 0; step < count * sent.length; step += 1) {
        await sleepUntil(from + (step * everyMs) / sent.length);
        if (isIdle) continue;
        const stream = step % sent.length;
        times[stream]?.push(nanoseconds());
        emit(stream);
      }
      return { first, times };
    },
    usage,
  };
  answerCalls(api);

  function emit(stream: number): void {
    const n = (sent[stream] ?? 0) + 1;
    sent[stream] = n;
    server?.emit(stream, n);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function sleepUntil(time: number): Promise<void> {
  const ms = time - performance.now();
  return ms <= 0 ? nextTurn() : new Promise((resolve) => setTimeout(resolve, ms));
}
