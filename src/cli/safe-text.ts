import { oneLine } from '../model/one-line.js';
import { plainText } from '../model/plain-text.js';
import type { CliProcess } from './cli-process.js';

// Texts from outside in which nothing moves a terminal or commands a CI service.

/** A text as one line, without colours, links and other escape sequences. Control characters and marks of text direction become U+FFFD. */
export function lineText(text: string): string {
  return oneLine(plainText(text).replaceAll('\t', ' '));
}

/**
 * A text as one line of output: {@link lineText} without commands that a CI service obeys in a job's log. CI jobs in
 * containers do not know where their log goes, so the commands are always removed.
 */
export function terminalText(text: string): string {
  return withoutLogCommands(lineText(text));
}

/**
 * A value as JSON: `JSON.stringify` escapes only the control characters below 32. Those beyond 126, the marks of text
 * direction and the start of `##[command]` are escaped as well, so a reader of the JSON gets the same text.
 *
 * @param indent spaces of indentation; 0, the default, gives one line
 */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(UNSAFE, escaped).replace(LOG_COMMAND, '\\u0023#');
}

const UNSAFE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Start of a command that a CI service obeys anywhere in a line of a job's log: GitHub Actions and Azure Pipelines
 * `##[command]` and `##vso[command]`, TeamCity `##teamcity[command]`.
 */
const LOG_COMMAND = /##(?=\w*\[)/g;

/** GitHub Actions obeys `::command::` where a line starts with it. */
const LINE_COMMAND = /^(\s*):(?=:)/gm;

/** A text that commands no CI service, for a log that may end up in a job's: a space parts the signs of a command. */
export function withoutLogCommands(text: string): string {
  return withoutInlineCommands(text).replace(LINE_COMMAND, '$1: ');
}

/** The same for the rest of a line that starts with a command of ours. */
export function withoutInlineCommands(text: string): string {
  return text.replace(LOG_COMMAND, '# #');
}

/** Whether the output goes into the log of a CI job, as far as the environment tells. */
export function isJobLog(env: CliProcess['env']): boolean {
  return env.GITHUB_ACTIONS === 'true' || env.TF_BUILD !== undefined || env.TEAMCITY_VERSION !== undefined;
}
