import type { Resource } from '@opentelemetry/resources';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import { type Clock, sleep } from '../clock.js';
import type { Log } from '../log.js';
import type { Tracer } from '../tracing.js';
import { version } from '../version.js';
import { lookOf } from './operation-attributes.js';
import type { OpenTelemetry } from './packages.js';

/** How long the last spans may take to leave at the end, in milliseconds. */
const CLOSE_MS = 3_000;

/** What {@link createOtlpTracer} works with. */
export interface OtlpTracerOptions {
  readonly packages: OpenTelemetry;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Sends spans to an OTLP collector over HTTP, as JSON. Where to, with which headers and under which name, the packages
 * read from the standard variables (`OTEL_EXPORTER_OTLP_*`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`). Nothing of
 * it is registered globally. A collector that cannot be reached costs spans, and one line in the log.
 */
export function createOtlpTracer({ packages, clock, log }: OtlpTracerOptions): Tracer {
  const { api, core, sdk, exporter } = packages;
  const provider = new sdk.TracerProvider({
    resource: resourceOf(packages),
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter: tellingExporter(new exporter.OTLPTraceExporter(), log),
        // 2,048 spans are 6 MB at most. Every 5 s up to 512 leave; what is beyond the queue is dropped.
        maxQueueSize: 2_048,
        maxExportBatchSize: 512,
        scheduledDelayMillis: 5_000,
        exportTimeoutMillis: 10_000,
      }),
    ],
  });
  const tracer = provider.getTracer('tilt-graphql', version);
  const propagator = new core.W3CTraceContextPropagator();
  let closed: Promise<void> | undefined;

  return {
    begin(operation) {
      const { name, attributes } = lookOf(operation);
      const parent = propagator.extract(api.ROOT_CONTEXT, operation.headers, api.defaultTextMapGetter);
      const span = tracer.startSpan(name, { kind: api.SpanKind.SERVER, attributes }, parent);
      return {
        end(failed) {
          if (failed) span.setStatus({ code: api.SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
    close() {
      closed ??= inTime(
        provider.shutdown().catch(() => {}),
        clock,
        log,
      );
      return closed;
    },
  };
}

/** The gateway, unless the variables name it otherwise. */
function resourceOf({ resources }: OpenTelemetry): Resource {
  const own = resources.resourceFromAttributes({
    'service.name': 'tilt-graphql',
    'service.version': version,
  });
  const given = resources.detectResources({
    detectors: [resources.envDetector],
  });
  return resources.defaultResource().merge(own).merge(given);
}

/** Says when spans can no longer be sent, and when they can again: once each, however often it is tried. */
function tellingExporter(exporter: SpanExporter, log: Log): SpanExporter {
  let isFailing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const { error } = result;
        if (error && !isFailing)
          log('warn', 'spans cannot be sent to the OTLP collector, and are lost', { error: error.message });
        if (!error && isFailing) log('info', 'spans can be sent to the OTLP collector again');
        isFailing = error !== undefined;
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => exporter.shutdown(),
  };
}

/** Waits for the work to be done, but no longer than {@link CLOSE_MS}. */
async function inTime(work: Promise<void>, clock: Clock, log: Log): Promise<void> {
  const done = new AbortController();
  await Promise.race([work.then(() => done.abort()), sleep(clock, CLOSE_MS, done.signal)]);
  if (!done.signal.aborted) log('warn', 'the last spans could not be sent in time');
}
