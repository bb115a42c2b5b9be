import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, encodeAnswer, sendAnswer } from './answer.js';
import { compress, MIN_COMPRESSED } from './compress.js';
import type { AcceptedCoding, ContentCoding } from './content-coding.js';

/** An answer, plain and in each coding that a client has asked for. Each is compressed once. */
export class AnswerForms {
  readonly plain: Answer;
  readonly #compressed = new Map<ContentCoding, Answer | Promise<Answer>>();
  #bytes: number;
  #onGrown = () => {};

  constructor(plain: Answer) {
    this.plain = plain;
    this.#bytes = sizeOf(plain);
  }

  /** Memory of all forms. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Calls back whenever {@link bytes} has grown. */
  onGrown(listener: () => void): void {
    this.#onGrown = listener;
  }

  /** Returns the form that a client accepts. A promise never rejects. */
  find({ coding, isRequired }: AcceptedCoding): Answer | Promise<Answer> {
    const { plain } = this;
    if (coding === null || (plain.body.length < MIN_COMPRESSED && !isRequired)) return plain;
    const known = this.#compressed.get(coding);
    if (known !== undefined) return known;
    const body = compress(plain.body, coding);
    if (!(body instanceof Promise)) return this.#keep(coding, body);
    const later = body.then(
      (compressed) => this.#keep(coding, compressed),
      () => plain,
    );
    this.#compressed.set(coding, later);
    return later;
  }

  #keep(coding: ContentCoding, body: Buffer): Answer {
    const form = encodeAnswer(this.plain, body, coding);
    this.#compressed.set(coding, form);
    this.#bytes += sizeOf(form);
    this.#onGrown();
    return form;
  }
}

function sizeOf({ body, latin1 }: Answer): number {
  return body.length + (latin1?.length ?? 0);
}

/** Sends a form of an answer, once it is compressed. See {@link sendAnswer}. */
export function sendForm(
  request: IncomingMessage,
  response: ServerResponse,
  form: Answer | Promise<Answer>,
  header: readonly string[],
): void {
  if (form instanceof Promise) void form.then((answer) => sendAnswer(request, response, answer, header));
  else sendAnswer(request, response, form, header);
}
