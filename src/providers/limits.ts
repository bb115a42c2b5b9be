/**
 * The longest single input that is read, in bytes: a file, or a value of a stream. 64 MiB: a Session of a thousand
 * targets is about 300 kB, so nothing honest comes near it.
 */
export const MAX_BYTES = 64 * 1024 * 1024;

/** How many changes may wait for a consumer that is behind before they are folded into one snapshot. */
export const MAX_BEHIND = 1_000;
