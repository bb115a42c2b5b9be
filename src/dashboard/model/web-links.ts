/** Whether an address from outside may become a link: any protocol but `http` and `https` could do harm. */
export function isWebLink(url: string): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(url).protocol);
  } catch {
    return false;
  }
}
