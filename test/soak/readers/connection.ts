/** A subscription operation. */
export interface Operation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Cursor to resume from. */
  readonly since: string | null;
}

/** A result. Its data is `never` because only the fold knows its type. */
export interface Result {
  readonly data?: never | null | undefined;
  readonly errors?: readonly { readonly message: string }[] | undefined;
}

/** Callbacks of a connection. None is called after `close`. */
export interface ConnectionHandlers {
  /** Called when the gateway accepted the connection. */
  onOpen(): void;
  /** @param index index of the operation */
  onResult(index: number, result: Result): void;
  /** Called when the gateway or the network ended the connection. */
  onDisconnect(why: string): void;
}

/** A client connection to the gateway. */
export interface Connection {
  /** Stops reading. */
  pause(): void;
  resume(): void;
  /** Closes the connection. With `isClean`, completes the operations and closes the protocol first. */
  close(isClean: boolean): void;
}

/** Connects and subscribes to all operations. An event stream takes only the first. */
export type Connect = (
  url: string,
  operations: readonly Operation[],
  handlers: ConnectionHandlers,
) => Connection;

/** Variables of an operation including its cursor. */
export function operationVariables({ variables, since }: Operation): Record<string, unknown> {
  return { ...variables, ...(since !== null && { since }) };
}
