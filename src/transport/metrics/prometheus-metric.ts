import { Counter, Gauge, type Registry } from 'prom-client';

/** Labels, and the value they have; undefined: it is not known, and left out. */
export type Sample<L extends string> = readonly [Readonly<Record<L, string>>, number | undefined];

const PREFIX = 'tilt_graphql_';

/** Adds a state, which is read when somebody asks. */
export function gauge<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[],
  read: () => readonly Sample<L>[],
): void {
  const metric = new Gauge<L>({
    name: `${PREFIX}${name}`,
    help,
    labelNames,
    registers: [],
    collect() {
      this.reset();
      for (const [labels, value] of read()) if (value !== undefined) this.set(labels, value);
    },
  });
  registry.registerMetric(metric);
}

/** Adds a number that only rises; its name ends in `_total`. It is read when somebody asks. */
export function counter<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[],
  read: () => readonly Sample<L>[],
): void {
  const metric = new Counter<L>({
    name: `${PREFIX}${name}`,
    help,
    labelNames,
    registers: [],
    collect() {
      this.reset();
      for (const [labels, value] of read()) if (value !== undefined) this.inc(labels, value);
    },
  });
  registry.registerMetric(metric);
}
