import { Lexer, Parser } from 'yaml';

/** How many mappings and lists may be open in each other: a list of Sessions with their managed fields has 25. */
const MOST_OPEN = 100;

/**
 * Whether YAML is nested so deep that reading it would be an attack: 5,000 brackets end the process (V8 compiles a regular
 * expression with no stack left, which is fatal), and 250 keys that are mappings of such keys take seconds. Telling costs
 * as much as a fifth of the reading.
 */
export function isTooDeep(text: string): boolean {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    // Its tokens are of no use here; taking them is what moves it on.
    Array.from(parser.next(lexeme));
    if (parser.stack.length > MOST_OPEN) return true;
  }
  return false;
}
