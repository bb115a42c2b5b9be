import { execFile } from 'node:child_process';
import { cp, mkdir, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { loadTracer } from '../../src/tracing/load-tracer.js';
import { TracingError } from '../../src/tracing/tracing-error.js';
import { noTracer } from '../../src/tracing.js';
import { startOtlpCollector } from '../support/otlp-collector.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

const load = (env: Record<string, string>) => loadTracer({ env, clock: systemClock, log: silentLog });

async function failureOf(env: Record<string, string>): Promise<TracingError> {
  const error = await load(env).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TracingError)) throw new Error(`Expected a TracingError, got ${error}`);
  return error;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the tracer that the environment asks for', () => {
  it.each([
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' },
    { OTEL_SERVICE_NAME: 'a' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_TRACES_EXPORTER: 'none' },
  ])('is none with %j', async (env) => {
    expect(await load(env)).toBe(noTracer);
  });

  it.each(['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'])(
    'sends to the collector that %s names',
    async (name) => {
      await using collector = await startOtlpCollector();
      vi.stubEnv(name, collector.url);
      const tracer = await load({ [name]: collector.url });
      tracer.begin({ document: parse('{ a }'), headers: {} }).end(false);
      await tracer.close();
      expect(collector.spans).toHaveLength(1);
    },
  );

  it('is refused in one line when the address is none, rather than sent elsewhere', async () => {
    const error = await failureOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' });
    expect(error.code).toBe('config');
    expect(error.message).toBe(
      'OTEL_EXPORTER_OTLP_ENDPOINT: expected an http or https URL, got "collector:4317"',
    );
  });

  it('is refused in one line when another protocol is asked for than it speaks', async () => {
    const error = await failureOf({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4317',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    });
    expect(error.code).toBe('config');
    expect(error.message).toMatch(/^OTEL_EXPORTER_OTLP_PROTOCOL: expected http\/json, got "grpc"; .+$/);
  });

  it('is refused in one line that says what to install, when the packages are not there', async () => {
    await using folder = await createTemporaryFolder();
    await cp(`${root}src`, folder.file('src'), { recursive: true });
    await cp(`${root}package.json`, folder.file('package.json'));
    await mkdir(folder.file('node_modules'));
    await symlink(`${root}node_modules/graphql`, folder.file('node_modules/graphql'));
    await folder.write(
      'ask.ts',
      `import { loadTracer } from './src/tracing/load-tracer.js';
       import { systemClock } from './src/clock.js';
       const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
       await loadTracer({ env, clock: systemClock, log() {} }).catch((error) =>
         console.log(error.name + ' ' + error.code + ': ' + error.message));`,
    );
    const tsx = createRequire(import.meta.url).resolve('tsx');
    const { stdout } = await run(process.execPath, ['--import', tsx, folder.file('ask.ts')]);
    expect(stdout).toBe(
      'TracingError missing: OTEL_EXPORTER_OTLP_ENDPOINT asks for tracing, and the packages for it are not all there: ' +
        'npm install @opentelemetry/api @opentelemetry/core @opentelemetry/resources @opentelemetry/sdk-trace ' +
        '@opentelemetry/exporter-trace-otlp-http\n',
    );
  });
});
