export { type Changes, foldSessions, foldTargets } from './changes.js';
export {
  type AnsweredError,
  ClientError,
  type ClientErrorCode,
  type ResponseError,
} from './client-error.js';
export {
  type CallOptions,
  type Client,
  type ClientOptions,
  createClient,
  type LogOptions,
  type ResourcesOptions,
  type WatchSessionsOptions,
  type WatchTargetsOptions,
} from './create-client.js';
export { type Blocker, blockersOf, type Condition } from './evaluate.js';
export type {
  ChangeType,
  ConnectionState,
  ExitCondition,
  LogLevel,
  ResourceFields,
  ResourceKind,
  SessionChangeFields,
  SessionFields,
  SessionFilter,
  TargetChangeFields,
  TargetFields,
  TargetFilter,
  TargetPhase,
  TargetStateFields,
  TargetType,
  TriggerMode,
  VerdictState,
} from './generated.js';
export type { LinkState } from './link.js';
export type { LogLine, LogView } from './log-view.js';
export type { DocumentTypeDecoration, TypedDocument } from './queries.js';
export { describeRun, type Run, type RunSelector } from './run.js';
export type { ResourcesView, SessionsView, SessionView, TargetsView } from './views.js';
export type { WaitOptions, WaitOutcome, WaitProgress } from './wait-for.js';
