import { homedir } from 'node:os';

/**
 * The user's home directory; `/` for a user without one: no `HOME`, and an id that the system does not know, as in a container
 * that runs as any user. Nothing of Tilt is found there, and nothing else looks there.
 */
export function homeDirectory(): string {
  try {
    return homedir();
  } catch {
    return '/';
  }
}
