import type { LogLevel, LogLine } from '../model/log.js';
import type { MicroTime } from '../model/micro-time.js';
import type { Segment, Span } from './hud-message.js';
import type { HiddenLine } from './kept-lines.js';
import { createContinuations, createUnfinishedLine, type UnfinishedLine } from './partial-lines.js';
import { createKeyBlocks } from './private-key.js';
import type { Redactor } from './redact.js';
import { cleanStyles, cutText } from './styled-text.js';

/**
 * Assembles lines from segments. A line ends with a line break, or when its span continues with another
 * level, as in Tilt's own views. A warning or error also ends when another span follows: commands log with
 * INFO, and Tilt writes each of its own messages at once, sometimes without a line break.
 */
export interface LineAssembler {
  /** Reads a segment and emits the lines that it ends. */
  add(segment: Segment, span: Span): void;
  /** Ends an unfinished warning or error at the end of a message. */
  endMessage(): void;
  /** The same where segments of other spans are left out. */
  skipOthers(): void;
  /** Ends the unfinished lines of a target, or all of them. Later text of their spans starts a new line. */
  flush(target?: string): void;
  /**
   * Ends all unfinished lines as cut: what follows is missing. The next text may be the rest of a line whose
   * start is missing, without which a secret cannot be found. It is hidden up to the end of the line.
   */
  beginGap(): void;
  /** Ends the message after the gap. */
  endGap(): void;
  /**
   * Forgets the unfinished line of a span, because its next segments are left out, up to the end of a line.
   * Returns its level; null for a span without an unfinished line.
   */
  discard(span: string): LogLevel | null;
  /** Forgets all unfinished lines. */
  clear(): void;
}

/** Dependencies of an assembler. */
interface AssemblerOptions {
  readonly redactor: Redactor;
  /** Longest line, in bytes of UTF-8. */
  readonly lineBytes: number;
  /** Receives each line. A line whose start is missing is hidden. */
  readonly emit: (line: LogLine | HiddenLine) => void;
}

/** An unfinished line and its attributes. */
interface OpenLine {
  readonly span: Span;
  readonly time: MicroTime;
  readonly level: LogLevel;
  readonly content: UnfinishedLine;
  /** Whether the start of the line is missing. */
  readonly isHidden: boolean;
}

/** Maximum number of unfinished lines. Above it, the oldest one ends. */
const MAX_OPEN_LINES = 256;

/** Maximum length of a line with its control sequences, in multiples of the maximum without them. */
const MAX_RAW = 4;

/** Creates an assembler without unfinished lines. */
export function createLineAssembler({ redactor, lineBytes, emit }: AssemblerOptions): LineAssembler {
  const open = new Map<string, OpenLine>();
  /** Span of an unfinished warning or error. */
  let message: string | null = null;
  const maxRaw = lineBytes * MAX_RAW;
  const output = createLineOutput({ redactor, lineBytes, emit });
  const continuations = createContinuations();

  return {
    add(segment, span) {
      const { text } = segment;
      if (text === '') return;
      if (message !== span.id) endMessage();
      if (open.get(span.id)?.level !== segment.level) end(span.id);
      if (continuations.isPossible(segment)) openLine(segment, span, true);
      for (let start = 0; start < text.length; ) {
        const lineBreak = text.indexOf('\n', start);
        if (lineBreak < 0) addPart(segment, span, text.slice(start));
        else addEnd(segment, span, text.slice(start, lineBreak));
        start = lineBreak < 0 ? text.length : lineBreak + 1;
      }
      message = segment.level === 'warn' || segment.level === 'error' ? span.id : null;
    },
    endMessage,
    flush(target) {
      for (const [id, { span }] of open) if (target === undefined || span.target === target) end(id);
    },
    beginGap() {
      continuations.begin(open.keys());
      for (const id of [...open.keys()]) end(id, true);
      message = null;
    },
    skipOthers() {
      endMessage();
      continuations.skip();
    },
    endGap: continuations.end,
    discard(span) {
      continuations.exclude(span);
      const level = open.get(span)?.level ?? null;
      open.delete(span);
      return level;
    },
    clear() {
      open.clear();
      message = null;
      output.clear();
      continuations.clear();
    },
  };

  function addPart({ time, level }: Segment, span: Span, part: string): void {
    const line = open.get(span.id) ?? openLine({ time, level }, span, false);
    line.content.add(part);
  }

  function openLine(
    { time, level }: Pick<Segment, 'time' | 'level'>,
    span: Span,
    isHidden: boolean,
  ): OpenLine {
    const line = { span, time, level, content: createUnfinishedLine(maxRaw), isHidden };
    open.set(span.id, line);
    const [oldest] = open.size > MAX_OPEN_LINES ? open.keys() : [];
    if (oldest !== undefined) end(oldest);
    return line;
  }

  function addEnd(segment: Segment, span: Span, part: string): void {
    // Nearly every segment is one line.
    if (!open.has(span.id) && part.length <= maxRaw && !part.includes('\r')) {
      output.emitLine(segment, span, part, false);
    } else {
      addPart(segment, span, part);
      end(span.id);
    }
  }

  function endMessage(): void {
    if (message !== null) end(message);
    message = null;
  }

  function end(id: string, isCut = false): void {
    const line = open.get(id);
    if (line === undefined) return;
    open.delete(id);
    const { text } = line.content;
    if (line.isHidden) output.hideLine(line.span, text);
    else output.emitLine(line, line.span, text, isCut || line.content.isCut);
  }
}

/** Redacts and emits lines. Remembers for each span whether its last line is within a private key. */
function createLineOutput({ redactor, lineBytes, emit }: AssemblerOptions) {
  const keyBlocks = createKeyBlocks();
  return {
    /** Emits a line. @param isCut whether its end is missing */
    emitLine(
      { time, level }: Pick<Segment, 'time' | 'level'>,
      span: Span,
      text: string,
      isCut: boolean,
    ): void {
      const clean = cleanStyles(text);
      const redacted = redactor.redact(keyBlocks.redact(span.id, clean) ?? clean);
      // A secret that is cut may not look like one, unless a part of the line far from its end is shown.
      // Decided after the redaction, which moves the end closer.
      const whole = isCut && redacted.length < 2 * lineBytes ? dropLastWord(redacted) : redacted;
      const styledText = copy(cutText(isCut ? `${whole}…` : whole, lineBytes));
      emit({ time, level, resource: span.resource, target: span.target, styledText });
    },
    /** Emits that a line without its start is hidden. It may be the first one of a private key. */
    hideLine({ id, resource }: Span, text: string): void {
      keyBlocks.redact(id, cleanStyles(text));
      emit({ resource, styledText: null });
    },
    clear: keyBlocks.clear,
  };
}

function dropLastWord(text: string): string {
  return text.slice(0, text.lastIndexOf(' ') + 1);
}

/** Copies a text. V8 would keep the whole segment alive for a part of it. */
function copy(text: string): string {
  return Buffer.from(text).toString();
}
