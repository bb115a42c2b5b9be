/**
 * Whether a text matches a glob, whole: `*` is any text, `?` any one character, all else itself. Takes time
 * proportional to the product of the lengths at worst, whatever the pattern: patterns come from clients, and a
 * regular expression made of one could be told to take for ever.
 */
export function matchesGlob(text: string, pattern: string): boolean {
  let at = 0;
  let place = 0;
  let star = -1;
  let retry = 0;
  while (at < text.length) {
    if (pattern[place] === '*') {
      star = place++;
      retry = at;
    } else if (place < pattern.length && (pattern[place] === '?' || pattern[place] === text[at])) {
      at += 1;
      place += 1;
    } else if (star >= 0) {
      // Let the last star take one character more, and try again from there.
      place = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  while (pattern[place] === '*') place += 1;
  return place === pattern.length;
}
