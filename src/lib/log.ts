/** How much a log line matters. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The facts beside a sentence, by name. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line: a sentence, and the facts beside it. */
export interface Log {
  (level: LogLevel, message: string, facts?: LogFields): void;
  /** Whether lines of a level are written at all: if not, what only they need can be spared. Default: they are. */
  isOn?(level: LogLevel): boolean;
}

/** Says nothing. */
export const silentLog: Log = Object.assign(() => {}, { isOn: () => false });

/** The same log with these facts in front of each line's own, which win where both have one name. */
export function withFields(log: Log, fields: LogFields): Log {
  return Object.assign(
    (level: LogLevel, message: string, facts?: LogFields) => log(level, message, { ...fields, ...facts }),
    { isOn: (level: LogLevel) => isOn(log, level) },
  );
}

/** Whether a log writes lines of a level. */
export function isOn(log: Log, level: LogLevel): boolean {
  return log.isOn?.(level) ?? true;
}
