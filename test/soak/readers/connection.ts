/** A subscription as a client asks for it. */
export interface Operation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The cursor to go on from. */
  readonly since: string | null;
}

/** A result that came. `never`: what its data is like, the fold knows. */
export interface Result {
  readonly data?: never | null | undefined;
  readonly errors?: readonly { readonly message: string }[] | undefined;
}

/** What a connection calls. Nothing after `leave`. */
export interface ConnectionHandlers {
  /** The gateway has taken the connection. */
  onOpen(): void;
  /** @param index of which operation it is */
  onResult(index: number, result: Result): void;
  /** The gateway or the network has ended it. */
  onLost(why: string): void;
}

/** A client's connection to the gateway. */
export interface Connection {
  /** Stops reading. */
  pause(): void;
  resume(): void;
  /** Politely: with a goodbye, where the protocol has one. */
  leave(politely: boolean): void;
}

/** Connects, and subscribes to all the operations; where it can take only one, to the first. */
export type Connect = (
  url: string,
  operations: readonly Operation[],
  handlers: ConnectionHandlers,
) => Connection;

/** The variables with the cursor among them. */
export function variablesOf({ variables, since }: Operation): Record<string, unknown> {
  return { ...variables, ...(since !== null && { since }) };
}
