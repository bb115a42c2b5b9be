import { styleText } from 'node:util';
import type { ResourceFields, TargetsView } from '../../client/client.js';
import type { Clock } from '../../lib/clock.js';
import type { CliProcess } from '../cli-process.js';
import type { Display } from './json-display.js';
import { toRowIds } from './rows.js';
import { firstShown, isSelected, pageSize, rowsOf, type ScreenState, screenLines } from './screen-lines.js';
import type { Paint } from './table-lines.js';
import { createFollowedLog, type FollowLog, LOADING } from './target-log.js';
import { openTerminal } from './terminal.js';
import { applyKey, INITIAL_STATE, type Key } from './ui-state.js';

/** Delay between a change and its drawing in milliseconds: a burst of changes is drawn once. */
const DRAW_DELAY_MS = 30;
/** Interval in which elapsed times are updated. */
const TICK_MS = 1_000;

/** Live table on the terminal. */
export interface TableDisplay extends Display {
  /** Sets the resources of the Session; null when they are not known. */
  showResources(resources: readonly ResourceFields[] | null): void;
}

/**
 * Creates a live table on the terminal.
 *
 * @param wanted id of the Session that was requested; null when none was
 * @param followLog follows the log of a target; see `followTargetLog`
 */
export function createTableDisplay(
  cli: CliProcess,
  clock: Clock,
  { wanted, followLog }: { readonly wanted: string | null; readonly followLog: FollowLog },
): TableDisplay {
  const closed = new AbortController();
  const paint: Paint = (style, text) => styleText(style, text, { stream: cli.stdout });
  let view: TargetsView | null = null;
  let resources: ReadonlyMap<string, ResourceFields> = new Map();
  let ui = INITIAL_STATE;
  let log = LOADING;
  let notice: string | null = null;
  const followed = createFollowedLog(followLog, (newest) => {
    log = newest;
    if (!isScheduled) scheduleDraw(DRAW_DELAY_MS);
  });
  const terminal = openTerminal(cli, {
    onKey: press,
    onRedraw: () => scheduleDraw(0),
    onGone: () => closed.abort(),
  });
  let cancel = clock.after(0, draw);
  let isScheduled = true;

  return {
    closed: closed.signal,
    show(newest) {
      view = newest;
      followShownLog();
      if (!isScheduled) scheduleDraw(DRAW_DELAY_MS);
    },
    showResources(newest) {
      resources = new Map(newest?.map((resource) => [resource.name, resource]));
      if (!isScheduled) scheduleDraw(DRAW_DELAY_MS);
    },
    notice(message) {
      notice = message;
      scheduleDraw(DRAW_DELAY_MS);
    },
    close() {
      cancel();
      followed.follow(null);
      terminal.close();
    },
  };

  function press(key: Key): void {
    const current = state();
    const next = applyKey(ui, key, {
      ids: toRowIds(rowsOf(current)),
      page: pageSize(current),
      log: { start: log.end - log.lines.length, end: log.end },
    });
    if (next === 'quit') closed.abort();
    else if (next === 'suspend') terminal.suspend();
    else {
      const nextState = { ...current, ui: next };
      ui = { ...next, offset: firstShown(nextState, rowsOf(nextState)) };
      notice = null;
      followShownLog();
      scheduleDraw(0);
    }
  }

  /** Follows the log of the selected row while it is shown. */
  function followShownLog(): void {
    const session = view?.session?.id;
    const row = ui.isLogShown ? rowsOf(state()).find((each) => isSelected(each, ui)) : undefined;
    followed.follow(session === undefined || row === undefined ? null : { session, target: row.target });
  }

  function scheduleDraw(ms: number): void {
    cancel();
    isScheduled = true;
    cancel = clock.after(ms, draw);
  }

  function draw(): void {
    terminal.draw(screenLines(state(), paint));
    cancel();
    isScheduled = false;
    cancel = clock.after(TICK_MS, draw);
  }

  function state(): ScreenState {
    const { columns, rows } = terminal;
    return { view, resources, ui, log, columns, rows, now: clock.now(), wanted, notice };
  }
}
