import { jsonText, terminalText, withoutLogCommands } from '../safe-text.js';
import { UsageError } from '../usage-error.js';
import type { QueryFlags } from './query-options.js';
import { type Selection, selectionOf } from './selection.js';
import { tablesOf } from './table.js';
import { parseTemplate, render } from './template.js';

/** Makes the text of an answer. */
export type Presenter = (data: Readonly<Record<string, unknown>>) => string;

/** What answers are made of. */
export interface PresenterOptions extends Pick<QueryFlags['query'], 'output' | 'template'> {
  /** Many answers come, each is to be one line of JSON. */
  readonly isStream: boolean;
  /** A person reads it: in a template, a value is made one line that cannot move the terminal. */
  readonly isTerminal: boolean;
  /** The output goes into the log of a CI job: in a template, a value cannot command the CI service. */
  readonly isJobLog: boolean;
  /** Document of the operation that is answered. */
  readonly document: string;
  /** Loads the text of the schema. */
  readonly loadTypeDefs: () => Promise<string>;
  /** Width of the terminal that tables must fit; undefined where they may be of any width. */
  readonly tableWidth: () => number | undefined;
}

/** Chooses how answers look. Throws a UsageError for a template that is missing or makes no sense. */
export async function createPresenter({
  output,
  template,
  isStream,
  isTerminal,
  isJobLog,
  document,
  loadTypeDefs,
  tableWidth,
}: PresenterOptions): Promise<Presenter> {
  const form = output ?? (template === undefined ? 'json' : 'template');
  if (form === 'template') {
    if (template === undefined) throw new UsageError('--output template: expected --template TEXT beside it');
    const parts = parseTemplate(template);
    const show = isTerminal ? terminalText : isJobLog ? withoutLogCommands : String;
    return (data) => withLineBreak(render(parts, data, show));
  }
  if (template !== undefined) throw new UsageError(`--template: expected --output template, got ${form}`);
  if (form === 'json') return (data) => `${jsonText(data, isStream ? 0 : 2)}\n`;
  const typeDefs = await loadTypeDefs();
  let selection: Selection | null = null;
  return (data) => {
    // Only an answer says that the document is valid.
    selection ??= selectionOf(document, typeDefs);
    return tablesOf(data, { selection, maxWidth: tableWidth() });
  };
}

function withLineBreak(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
