/** What a child process can be asked: functions of at most one input, both ways as JSON. */
export type Api = Readonly<Record<string, (input: never) => unknown>>;

/** A call on its way to a child process. */
export interface Call {
  readonly id: number;
  readonly name: string;
  readonly input?: unknown;
}

/** Its answer. */
export type Reply =
  /** `output` is JSON within the JSON: only the caller knows what it is. */
  | { readonly id: number; readonly ok: true; readonly output: string }
  | { readonly id: number; readonly ok: false; readonly error: string };
