import { startTiltHud, type TiltHud } from '../../support/tilt-hud.js';
import { createLogMessages, type LogRate } from '../data/log-messages.js';
import { answerCalls } from '../processes/answer-calls.js';

/** API of the process that stands for the web server of a Tilt whose commands write a log. */
export type TiltLogApi = {
  /** Starts the web server. */
  start(): Promise<{ readonly context: string; readonly token: string }>;
  /** Writes lines at this rate until `stop`. A message is sent only when the previous one has left. */
  write(rate: LogRate): void;
  stop(): void;
  /** Bytes of log text so far: written by the commands, and sent in messages. */
  read(): { readonly written: number; readonly sent: number };
};

/** Tilt sends at most one message in this time, in milliseconds. */
const INTERVAL_MS = 200;

let hud: TiltHud | null = null;
let timer: NodeJS.Timeout | undefined;
let written = 0;
let sent = 0;

const api: TiltLogApi = {
  async start() {
    hud = await startTiltHud();
    hud.send({ isComplete: true });
    const { context, token } = hud;
    return { context, token };
  },
  write(rate) {
    const messages = createLogMessages(rate, INTERVAL_MS);
    clearInterval(timer);
    timer = setInterval(() => {
      const message = messages.next();
      written += message.written;
      // A slow client delays only itself: Tilt merges what it has not sent, and drops the oldest of it.
      if (hud === null || hud.buffered > 0) return;
      hud.sendText(message.text);
      sent += message.sent;
    }, INTERVAL_MS);
  },
  stop: () => clearInterval(timer),
  read: () => ({ written, sent }),
};
answerCalls(api);
