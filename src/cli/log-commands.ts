import type { CliProcess } from './cli-process.js';

/**
 * Start of a command that a CI service obeys anywhere in a line of a job's log: GitHub Actions and Azure Pipelines
 * `##[command]` and `##vso[command]`, TeamCity `##teamcity[command]`.
 */
export const LOG_COMMAND = /##(?=\w*\[)/g;

/** GitHub Actions obeys `::command::` where a line starts with it. */
const LINE_COMMAND = /^(\s*):(?=:)/gm;

/** A text that commands no CI service, for a log that may end up in a job's: a space parts the signs of a command. */
export function withoutLogCommands(text: string): string {
  return text.replace(LOG_COMMAND, '# #').replace(LINE_COMMAND, '$1: ');
}

/** Whether the output goes into the log of a CI job, as far as the environment tells. */
export function isJobLog(env: CliProcess['env']): boolean {
  return env.GITHUB_ACTIONS === 'true' || env.TF_BUILD !== undefined || env.TEAMCITY_VERSION !== undefined;
}
