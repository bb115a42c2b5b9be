import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import { noTracer, type Tracer } from '../tracing.js';
import { createOtlpTracer } from './otlp.js';
import { loadOpenTelemetry } from './packages.js';
import { TracingError } from './tracing-error.js';

/** What {@link loadTracer} works with. */
export interface LoadTracerOptions {
  /** The process's own environment: the packages read it, too. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
}

/** The variables that ask for tracing; each is the address of a collector. */
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const;

/** The variables that say how a collector is spoken to. */
const PROTOCOLS = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'] as const;

/**
 * The tracer that the environment asks for: none, unless an `OTEL_EXPORTER_OTLP_ENDPOINT` is set (and neither
 * `OTEL_SDK_DISABLED=true` nor `OTEL_TRACES_EXPORTER=none`). Rejects with a {@link TracingError} when a variable has no
 * sense, or packages are missing.
 */
export async function loadTracer({ env, clock, log }: LoadTracerOptions): Promise<Tracer> {
  const asking = ENDPOINTS.find((name) => isSet(env[name]));
  if (asking === undefined || isOff(env)) return noTracer;
  for (const name of ENDPOINTS) checkEndpoint(name, env[name]);
  const protocol = PROTOCOLS.find((name) => isSet(env[name]));
  if (protocol !== undefined) checkProtocol(protocol, env[protocol]);
  return createOtlpTracer({ packages: await loadOpenTelemetry(asking), clock, log });
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== '';
}

function isOff({ OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER }: LoadTracerOptions['env']): boolean {
  return OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true' || OTEL_TRACES_EXPORTER?.trim() === 'none';
}

/** The packages would quietly send to `localhost:4318` instead. */
function checkEndpoint(name: string, value: string | undefined): void {
  if (!isSet(value) || /^https?:$/.test(protocolOf(value.trim()))) return;
  throw new TracingError('config', `${name}: expected an http or https URL, got ${JSON.stringify(value)}`);
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}

/** Collectors that take protobuf over HTTP take JSON at the same address. */
function checkProtocol(name: string, value: string | undefined): void {
  if (value === 'http/json' || value === 'http/protobuf') return;
  throw new TracingError(
    'config',
    `${name}: expected http/json, got ${JSON.stringify(value)}; a collector takes it at its port for HTTP, mostly 4318`,
  );
}
