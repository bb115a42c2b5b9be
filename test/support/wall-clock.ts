/** Environment in which a process of Node.js has a wall clock that `SIGUSR2` sets back by an hour. Its timers go on. */
export function settableWallClock(): Record<string, string> {
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(PATCH)}` };
}

const PATCH = `
  let back = 0;
  const Real = Date;
  const now = () => Real.now() - back;
  globalThis.Date = class Date extends Real {
    constructor(...args) { args.length === 0 ? super(now()) : super(...args); }
    static now() { return now(); }
  };
  process.on('SIGUSR2', () => { back += 3600000; });
`;
