/**
 * Text of a line that has not ended. A carriage return returns to its start: only the text after the last one
 * is kept, as a terminal shows a progress bar. The result is the same in however many parts the text arrives.
 */
export interface UnfinishedLine {
  readonly text: string;
  /** Whether the text is longer than the limit. Its end is missing. */
  readonly isCut: boolean;
  add(part: string): void;
}

/** Creates an empty line of at most `maxLength` UTF-16 units. */
export function createUnfinishedLine(maxLength: number): UnfinishedLine {
  let text = '';
  let isCut = false;
  let isAtStart = false;

  return {
    get text() {
      return text;
    },
    get isCut() {
      return isCut;
    },
    add(part) {
      const content = trimReturns(part);
      if (content !== '') {
        const start = content.lastIndexOf('\r') + 1;
        if (start > 0 || isAtStart) replace(content.slice(start));
        else if (!isCut) extend(content);
        isAtStart = false;
      }
      if (content.length < part.length) isAtStart = true;
    },
  };

  function replace(content: string): void {
    text = '';
    isCut = false;
    extend(content);
  }

  function extend(content: string): void {
    isCut = text.length + content.length > maxLength;
    text += copy(isCut ? content.slice(0, maxLength - text.length) : content);
  }
}

/**
 * Copies a text. V8 would keep a whole segment alive for its last part. UTF-16, because a part may end within
 * a surrogate pair.
 */
function copy(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}

function trimReturns(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === RETURN) end -= 1;
  return end === text.length ? text : text.slice(0, end);
}

const RETURN = 13;
