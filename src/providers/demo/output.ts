import type { LogLevel } from '../../model/log.js';

/** Text of a line. Level: `info`, unless another one is given. */
export type Text = string | { readonly level: LogLevel; readonly text: string };

/** Lines that a target writes. `{ms}` in a text stands for a duration, and `{id}` for a number. */
export interface Output {
  /** When it starts. */
  readonly starts: readonly Text[];
  /** When it starts again. Default: the same lines. */
  readonly restarts?: readonly Text[];
  /** From its start until it succeeds, fails or is ready. */
  readonly works: readonly Text[];
  /** When it succeeds or becomes ready. */
  readonly ends: readonly Text[];
  /** When it fails. */
  readonly fails?: readonly Text[];
  /** While it is ready, again and again, in any order. */
  readonly serves?: readonly [Text, ...Text[]];
}

/** First lines of Tilt itself. */
export const TILT_STARTS: readonly Text[] = [
  'Tilt started on http://127.0.0.1:10350/',
  'v0.37.6, built 2026-11-25',
];

const red = paint(31);
const green = paint(32);
const yellow = paint(33);
const cyan = paint(36);
const gray = paint(90);
const inverse = paint(7);

const INITIAL_BUILD = 'Initial Build';
const POD_STARTS = ['     ┊ Scheduled       - <1s', '     ┊ Initialized     - <1s'];

/** Output of each target of the shop that ever runs, as the programs in it write it, and Tilt around it. */
export const OUTPUTS: Readonly<Record<string, Output>> = {
  'tiltfile:update': {
    starts: [INITIAL_BUILD, 'Loading Tiltfile at: /home/dev/shop/Tiltfile'],
    works: [],
    ends: [
      { level: 'warn', text: 'WARNING: docs is disabled. To enable it, run: tilt enable docs' },
      'Successfully loaded Tiltfile ({ms}ms)',
    ],
  },
  'db:update': {
    starts: [INITIAL_BUILD, 'STEP 1/1 — Deploying'],
    works: [' Container shop-db-1  Creating', ' Container shop-db-1  Created'],
    ends: [' Container shop-db-1  Started', '', '     Step 1 - 0.{ms}s (Deploying)'],
  },
  'db:runtime': {
    starts: ['PostgreSQL Database directory appears to contain a database; Skipping initialization'],
    works: ['LOG:  starting PostgreSQL 17.7 on x86_64-pc-linux-musl', 'LOG:  database system was shut down'],
    ends: [
      'LOG:  listening on IPv4 address "0.0.0.0", port 5432',
      'LOG:  database system is ready to accept connections',
    ],
    serves: [
      'LOG:  checkpoint complete: wrote {id} buffers; 0 WAL file(s) added, 0 removed, 0 recycled',
      'LOG:  duration: {ms}.204 ms  statement: SELECT * FROM orders WHERE id = {id}',
    ],
  },
  'migrate:update': {
    starts: command('npm run migrate'),
    works: ['Applying 0041_add_vouchers', 'Applying 0042_index_orders_by_customer'],
    ends: [`${green('✔')} 2 migrations applied in {ms} ms`],
  },
  'assets:update': {
    starts: command('npm run build'),
    restarts: ['1 File Changed: [web/src/cart/total.ts]', 'Running cmd: npm run build'],
    works: ['', '> shop-web@4.2.0 build', '> tsc --pretty && vite build', ''],
    ends: [
      `${cyan('vite v7.2.4')} ${green('building client environment for production...')}`,
      `${green('✓')} 412 modules transformed.`,
      `${gray('dist/')}${cyan('assets/index-DkT4m1bQ.js')}  ${gray('182.37 kB │ gzip: 58.11 kB')}`,
      green('✓ built in {ms}ms'),
    ],
    fails: [
      `${cyan('src/cart/total.ts')}:${yellow('12')}:${yellow('9')} - ${red('error')} ${gray('TS2322:')} Type 'string' is not assignable to type 'number'.`,
      '',
      `${inverse('12')}   const total: number = formatPrice(sum);`,
      `${inverse('  ')}         ${red('~~~~~')}`,
      '',
      `Found 1 error in src/cart/total.ts${gray(':12')}`,
      closing('npm run build'),
    ],
  },
  'api:update': {
    starts: command('npm run compile'),
    works: ['', '> shop-api@2.9.1 compile', '> tsc --build'],
    ends: ['Compiled 87 files in {ms} ms'],
  },
  'api:serve': {
    starts: ['Running cmd: node --watch dist/server.js'],
    works: ['Loading configuration from config/development.yaml'],
    ends: [
      'Connected to the database at localhost:5432',
      `${green('✓')} API listens on http://localhost:8080`,
    ],
    serves: [
      `GET  /api/products ${green('200')} {ms} ms`,
      `GET  /api/products/{id} ${green('200')} {ms} ms`,
      `POST /api/cart ${green('201')} {ms} ms`,
      `GET  /api/orders/{id} ${yellow('404')} {ms} ms`,
      `GET  /api/cart ${cyan('304')} {ms} ms`,
    ],
  },
  'worker:update': image('worker'),
  'worker:runtime': {
    starts: ['Tracking new pod rollout (worker-5d9c7b6f4-x2x7k):', ...POD_STARTS],
    restarts: ['[worker] restarted'],
    works: ['[worker] starting with 4 threads', '[worker] connecting to amqp://queue:5672'],
    ends: ['[worker] connected; waiting for jobs', '     ┊ Ready           - 2s'],
    fails: [
      `[worker] ${red('Error: connect ECONNREFUSED 10.43.12.7:5672')}`,
      gray('    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1637:16)'),
      gray('    at Queue.connect (/app/dist/queue.js:31:11)'),
      '[event: pod worker-5d9c7b6f4-x2x7k] Back-off restarting failed container worker',
    ],
    serves: ['[worker] job {id}: sent the confirmation of the order in {ms} ms'],
  },
  'web:update': image('web'),
  'web:runtime': {
    starts: ['Tracking new pod rollout (web-7f4b9d8c6-q8w2n):', ...POD_STARTS],
    works: ['[notice] nginx/1.29.3: start worker processes'],
    ends: ['     ┊ Ready           - 1s'],
    serves: [
      '"GET / HTTP/1.1" 200 1734 "-" "Mozilla/5.0"',
      '"GET /assets/index-DkT4m1bQ.js HTTP/1.1" 200 182370 "-" "Mozilla/5.0"',
      '"GET /products/{id} HTTP/1.1" 200 2291 "-" "Mozilla/5.0"',
    ],
  },
  'e2e:update': {
    starts: command('npm run e2e'),
    works: [
      '',
      'Running 4 tests using 1 worker',
      `  ${green('✓')}  1 catalog.spec.ts:5:1 › lists the products ${gray('({ms}ms)')}`,
      `  ${green('✓')}  2 catalog.spec.ts:19:1 › finds a product by its name ${gray('({ms}ms)')}`,
      `  ${green('✓')}  3 cart.spec.ts:8:1 › adds a product to the cart ${gray('({ms}ms)')}`,
    ],
    ends: [
      `  ${green('✓')}  4 checkout.spec.ts:21:1 › charges the total of the cart ${gray('({ms}ms)')}`,
      '',
      `  ${green('4 passed')}`,
    ],
    fails: [
      red('  ✘  4 checkout.spec.ts:21:1 › charges the total of the cart ({ms}ms)'),
      '',
      '  1) checkout.spec.ts:21:1 › charges the total of the cart',
      `    Error: ${red('expect(')}locator${red(')')}.toHaveText(${green('expected')}) failed`,
      '',
      `    Expected: ${green('"€ 42.00"')}`,
      `    Received: ${red('"€ 0.00"')}`,
      `  ${red('1 failed')}`,
      `  ${green('3 passed')}`,
      closing('npm run e2e'),
    ],
  },
  'sample-data:update': {
    starts: ['1 File Changed: [db/sample-data.sql]', 'Running cmd: npm run sample-data'],
    works: ['Inserting 250 customers', 'Inserting 1000 orders'],
    ends: [`${green('✔')} loaded the sample data in {ms} ms`],
  },
};

/** First lines of a `local_resource` with a command. */
function command(cmd: string): readonly Text[] {
  return [INITIAL_BUILD, `Running cmd: ${cmd}`];
}

/** Last line of a failed command, by Tilt. It repeats the error of the target. */
function closing(cmd: string): Text {
  return { level: 'error', text: `Build Failed: Command "${cmd}" failed: exit status 1` };
}

/** Output of the build of an image and its deployment. */
function image(name: string): Output {
  return {
    starts: [INITIAL_BUILD, `STEP 1/2 — Building Dockerfile: [shop-${name}]`],
    works: [
      '     [1/3] FROM docker.io/library/node:24-alpine',
      '     [2/3] RUN npm ci --omit=dev',
      '     [3/3] COPY dist dist',
    ],
    ends: [
      'STEP 2/2 — Deploying',
      '     Applying YAML to cluster',
      '     Objects applied to cluster:',
      `       → ${name}:deployment`,
    ],
  };
}

function paint(code: number): (text: string) => string {
  return (text) => `\u001b[${code}m${text}\u001b[0m`;
}
