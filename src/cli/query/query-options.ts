import { type Command, Option } from 'commander';
import { addClientOptions, type ClientFlags } from '../client-options.js';

/** What `query` was told, beside the document. */
export interface QueryFlags extends ClientFlags {
  readonly file?: string;
  readonly variables?: string;
  readonly operation?: string;
  readonly watch: boolean;
  readonly output?: 'json' | 'table' | 'template';
  readonly template?: string;
}

/** Adds the options of `query`. */
export function addQueryOptions(command: Command): Command {
  return addClientOptions(command)
    .addOption(new Option('-f, --file <path>', 'file with the document; - is standard input'))
    .addOption(new Option('--variables <json>', 'variables as a JSON object, or @FILE with one'))
    .addOption(new Option('--operation <name>', 'which operation of the document, where it has several'))
    .addOption(
      new Option('-w, --watch', 'follow what changes: asks a query as a subscription').default(false),
    )
    .addOption(
      new Option(
        '-o, --output <form>',
        'how answers look (default: json; template, where one is given)',
      ).choices(['json', 'table', 'template']),
    )
    .addOption(
      new Option(
        '--template <text>',
        'a Mustache template to fill in, such as {{session.verdict.state}}; lists as {{#a}}…{{/a}}',
      ),
    );
}
