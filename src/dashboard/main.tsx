import { computed } from '@preact/signals';
import { render } from 'preact';
import { createClient } from '../client/client.js';
import { createBoard } from './state/board.js';
import { createFrameScheduler } from './state/frames.js';
import { createClock, createPage } from './state/page.js';
import { createRouter } from './state/router.js';
import { App } from './view/app.js';
import { listenToKeys } from './view/keyboard.js';

/** History entries per target in each view. The table needs one, for the start of a wait. */
const HISTORY = { targets: 1, timeline: 20 } as const;

const router = createRouter();
const client = createClient({ url: new URL('graphql', document.baseURI).href });
const session = computed(() => router.route.value.session);
const history = computed(() => HISTORY[router.route.value.view]);
/** Labels select Sessions in the list, and targets on the page of a Session. */
const label = computed(() => (session.value === null ? router.route.value.label : null));
const board = createBoard(client, { session, label, history }, createFrameScheduler());
const page = createPage(board, router, createClock());
listenToKeys(router);

const root = document.getElementById('app');
root?.replaceChildren();
if (root) render(<App page={page} />, root);
