import { TracingError } from './tracing-error.js';

/** OpenTelemetry's own packages, which are only there when someone wants tracing. */
export interface OpenTelemetry {
  readonly api: typeof import('@opentelemetry/api');
  readonly core: typeof import('@opentelemetry/core');
  readonly resources: typeof import('@opentelemetry/resources');
  readonly sdk: typeof import('@opentelemetry/sdk-trace');
  readonly exporter: typeof import('@opentelemetry/exporter-trace-otlp-http');
}

/** The packages, in the order of {@link importAll}. */
const NAMES = [
  '@opentelemetry/api',
  '@opentelemetry/core',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-trace',
  '@opentelemetry/exporter-trace-otlp-http',
] as const;

/**
 * Loads them. Rejects with a {@link TracingError} that says which to install.
 *
 * @param asking the variable that asks for them
 */
export async function loadOpenTelemetry(asking: string): Promise<OpenTelemetry> {
  try {
    return await importAll();
  } catch (error) {
    throw isMissing(error) ? missing(asking) : error;
  }
}

async function importAll(): Promise<OpenTelemetry> {
  const [api, core, resources, sdk, exporter] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/core'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  return { api, core, resources, sdk, exporter };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
}

function missing(asking: string): TracingError {
  return new TracingError(
    'missing',
    `${asking} asks for tracing, and the packages for it are not all there: npm install ${NAMES.join(' ')}`,
  );
}
