/** Whether the system or Node.js gave an error a code, such as `ENOENT`. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException & { readonly code: unknown } {
  return error instanceof Error && 'code' in error;
}

/** The code of an error, such as `ENOENT`; without one its message. */
export function codeOf(error: unknown): string {
  return isSystemError(error) ? String(error.code) : messageOf(error);
}

/** The message of an error, or its name when the message is empty; of anything else that was thrown its text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/** Whether an error says that there is no such file or folder. */
export function isMissing(error: unknown): boolean {
  return isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
