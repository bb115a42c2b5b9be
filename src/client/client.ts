export { type Blocker, blockersOf } from './blockers.js';
export { type AnsweredError, ClientError, type ClientErrorCode } from './client-error.js';
export {
  type CallOptions,
  type Client,
  type ClientOptions,
  createClient,
  type WatchSessionsOptions,
  type WatchTargetsOptions,
} from './create-client.js';
export { type Changes, foldSessions, foldTargets } from './fold.js';
export type {
  ChangeType,
  ConnectionState,
  ExitCondition,
  SessionChangeFields,
  SessionFields,
  SessionFilter,
  TargetChangeFields,
  TargetFields,
  TargetFilter,
  TargetPhase,
  TargetStateFields,
  TargetType,
  VerdictState,
} from './generated.js';
export { describeRun, type Run } from './run.js';
export type { DocumentTypeDecoration, TypedDocument } from './typed-document.js';
export type { LinkState, SessionsView, SessionView, TargetsView } from './views.js';
export type { Condition, RunSelector, WaitOptions, WaitOutcome, WaitProgress } from './wait-options.js';
