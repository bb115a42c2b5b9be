/** Whether an error has a code of the system or of Node.js, such as `ENOENT`. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException & { readonly code: unknown } {
  return error instanceof Error && 'code' in error;
}

/** Code of an error, such as `ENOENT`; its message when it has no code. */
export function codeOf(error: unknown): string {
  return isSystemError(error) ? String(error.code) : messageOf(error);
}

/** Message of an error, or its name when the message is empty; the text of any other thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/** Whether an error means that a file or folder does not exist. */
export function isMissing(error: unknown): boolean {
  return isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
