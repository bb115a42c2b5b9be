import { clientOptions } from '../client-options.js';
import { type FlagsOf, file, flag, oneOf, option, text } from '../options.js';

/** Options of `query`. */
export const queryOptions = {
  client: clientOptions,
  query: {
    file: file('-f, --file <path>', 'file with the document; - is standard input'),
    variables: text('--variables <json>', 'variables as a JSON object, or @FILE with one'),
    operation: text('--operation <name>', 'which operation of the document, where it has several'),
    watch: flag('-w, --watch', 'follow what changes: asks a query as a subscription'),
    output: option(
      '-o, --output <form>',
      'how answers look (default: json; template, where one is given)',
      oneOf(['json', 'table', 'template']),
    ),
    template: text(
      '--template <text>',
      'a Mustache template to fill in, such as {{session.verdict.state}}; lists as {{#a}}…{{/a}}',
    ),
  },
};

/** Values of {@link queryOptions}. */
export type QueryFlags = FlagsOf<typeof queryOptions>;
