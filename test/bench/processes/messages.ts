/** Functions of a child process. Each has at most one input; input and output are sent as JSON. */
export type Api = Readonly<Record<string, (input: never) => unknown>>;

/** A call to a child process. */
export interface Call {
  readonly id: number;
  readonly name: string;
  readonly input?: unknown;
}

/** The answer to a call. */
export type Reply =
  /** `output` is JSON text inside the JSON message, because only the caller knows its type. */
  | { readonly id: number; readonly ok: true; readonly output: string }
  | { readonly id: number; readonly ok: false; readonly error: string };
