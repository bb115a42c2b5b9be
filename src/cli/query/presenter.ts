import { jsonText } from '../json-text.js';
import { withoutLogCommands } from '../log-commands.js';
import { terminalText } from '../terminal-text.js';
import { UsageError } from '../usage-error.js';
import type { QueryFlags } from './query-options.js';
import { tablesOf } from './table.js';
import { parseTemplate, render } from './template.js';

/** Makes the text of an answer. */
export type Presenter = (data: Readonly<Record<string, unknown>>) => string;

/** What answers are made of. */
export interface PresenterOptions extends Pick<QueryFlags, 'output' | 'template'> {
  /** Many answers come, each is to be one line of JSON. */
  readonly isStream: boolean;
  /** A person reads it: in a template, a value is made one line that cannot move the terminal. */
  readonly isTerminal: boolean;
  /** The output goes into the log of a CI job: in a template, a value cannot command the CI service. */
  readonly isJobLog: boolean;
}

/** Chooses how answers look. Throws a UsageError for a template that is missing or makes no sense. */
export function createPresenter({
  output,
  template,
  isStream,
  isTerminal,
  isJobLog,
}: PresenterOptions): Presenter {
  const form = output ?? (template === undefined ? 'json' : 'template');
  if (form === 'template') {
    if (template === undefined) throw new UsageError('--output template: expected --template TEXT beside it');
    const parts = parseTemplate(template);
    const show = isTerminal ? terminalText : isJobLog ? withoutLogCommands : String;
    return (data) => withLineBreak(render(parts, data, show));
  }
  if (template !== undefined) throw new UsageError(`--template: expected --output template, got ${form}`);
  return form === 'table' ? tablesOf : (data) => `${jsonText(data, isStream ? 0 : 2)}\n`;
}

function withLineBreak(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
