/**
 * The longest single input that is read, in bytes: a file, or a value of a stream. 64 MiB: a Session of a thousand
 * targets is about 300 kB, so nothing honest comes near it.
 */
export const MAX_BYTES = 64 * 1024 * 1024;

/**
 * The longest YAML that is read, in characters. 4 Mi: reading it takes seconds, during which the gateway does nothing else.
 * JSON is a hundred times faster.
 */
export const MAX_YAML_LENGTH = 4 * 1024 * 1024;
