const QUOTE = 0x22;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;

/**
 * Whether JSON has more than `max` values, counted by the brackets, braces and commas outside of strings.
 * Parsing 1 MB takes up to 250 ms if it consists of nested arrays, 100 ms if it consists of objects with
 * different keys, and up to 20 ms if it has 10,000 values. Counting takes 5 ms per MB. For text that is not
 * JSON the result has no meaning.
 */
export function hasMoreValues(json: string, max: number): boolean {
  if (json.length <= max) return false;
  let count = 0;
  let isString = false;
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index);
    if (isString) {
      if (code === BACKSLASH) index += 1;
      else if (code === QUOTE) isString = false;
    } else if (code === QUOTE) {
      isString = true;
    } else if (code === COMMA || code === BRACKET || code === BRACE) {
      count += 1;
      if (count > max) return true;
    }
  }
  return false;
}

/** Whether a form has more than `max` fields: `URLSearchParams` takes 100 ms for 1 MB of empty ones. */
export function hasMoreFields(form: string, max: number): boolean {
  let count = 1;
  for (let index = form.indexOf('&'); index !== -1; index = form.indexOf('&', index + 1)) {
    count += 1;
    if (count > max) return true;
  }
  return false;
}
