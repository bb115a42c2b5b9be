import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { Executed, Job } from '../../src/graphql/execution.js';
import { createSharedExecutions, type Execution } from '../../src/graphql/execution.js';
import { createSchema } from '../../src/graphql/schema.js';
import { silentLog } from '../../src/lib/log.js';
import { createStore } from '../../src/store/store.js';
import { subscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

const schema = createSchema(subscriptionResolvers);

function start() {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('test');
  const shared = createSharedExecutions();
  const executions: { readonly execution: Execution; end(result: Executed): void }[] = [];

  return {
    executions,
    change: () => store.apply('test', { type: 'upsert', session: session('a') }),
    ask(query: string, more: Partial<Pick<Job, 'isWanted'>> & { scope?: string; variables?: object } = {}) {
      const { scope = '', variables = {}, isWanted = () => true } = more;
      const job: Job = {
        args: { schema, document: parse(query), variableValues: { ...variables } },
        context: { store, version: 'test', scope, lastEventId: null },
        cost: 1,
        recheck: () => null,
        log: silentLog,
        isWanted,
      };
      return shared.run(job, (execution) => new Promise((end) => executions.push({ execution, end })));
    },
    begin: (index: number) => executions[index]?.execution.begin(store.revision),
  };
}

const BY_ID = 'query ($id: ID) { session(id: $id) { id } }';

describe('an operation', () => {
  it('that is requested while an equal one is queued or executed has the same result', async () => {
    const { ask, begin, change, executions } = start();
    const first = ask('{ gateway { version } }');
    change();
    const second = ask('{ gateway { version } }');
    begin(0);
    const third = ask('{ gateway { version } }');
    expect(executions).toHaveLength(1);
    const result = { data: {} };
    executions[0]?.end(result);
    for (const answer of [first, second, third]) expect(await answer).toBe(result);
    void ask('{ gateway { version } }');
    expect(executions).toHaveLength(2);
  });

  it('is executed again if the store has changed since the equal one started', () => {
    const { ask, begin, change, executions } = start();
    void ask('{ gateway { version } }');
    begin(0);
    change();
    void ask('{ gateway { version } }');
    expect(executions).toHaveLength(2);
  });

  it('that selects lines of a log is executed again if the equal one has started: lines change no revision', () => {
    const { ask, begin, executions } = start();
    void ask('{ targets { log { text } } }');
    void ask('{ targets { log { text } } }');
    expect(executions).toHaveLength(1);
    begin(0);
    void ask('{ targets { log { text } } }');
    expect(executions).toHaveLength(2);
  });

  it.each([
    ['another document', '{ gateway { version } }', {}],
    ['other variables', BY_ID, { variables: { id: 'b' } }],
    ['other rights', BY_ID, { variables: { id: 'a' }, scope: 'other' }],
  ])('is not equal to one with %s', (_, query, more) => {
    const { ask, executions } = start();
    void ask(BY_ID, { variables: { id: 'a' } });
    void ask(query, more);
    expect(executions).toHaveLength(2);
  });

  it('is equal to one whose additional variables its document does not define', () => {
    const { ask, executions } = start();
    void ask(BY_ID, { variables: { id: 'a', more: 1 } });
    void ask(BY_ID, { variables: { id: 'a' } });
    expect(executions).toHaveLength(1);
  });

  it('is executed as long as one of its clients waits', () => {
    const { ask, executions } = start();
    let isFirstThere = true;
    void ask('{ gateway { version } }', { isWanted: () => isFirstThere });
    let isSecondThere = true;
    void ask('{ gateway { version } }', { isWanted: () => isSecondThere });
    isFirstThere = false;
    expect(executions[0]?.execution.isWanted()).toBe(true);
    isSecondThere = false;
    expect(executions[0]?.execution.isWanted()).toBe(false);
  });
});
