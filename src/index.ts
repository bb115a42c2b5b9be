export { createGateway, type Gateway, type GatewayOptions, type ServingOptions } from './gateway.js';
export { type Documents, ManifestError, readManifest } from './graphql/documents.js';
export type { QueryLimits } from './graphql/limits.js';
export { typeDefs } from './graphql/schema.js';
export { type Clock, systemClock } from './lib/clock.js';
export type { Log, LogLevel } from './lib/log.js';
export type { Tracer } from './lib/tracing.js';
export type { Change, ChangeSink } from './model/change.js';
export { DecodeError, decodeSession } from './model/decode.js';
export { decodeCluster, decodeResource } from './model/decode-facts.js';
export type { ClusterFacts, ResourceFacts, SessionFacts } from './model/facts.js';
export type { MicroTime } from './model/micro-time.js';
export { computePhase } from './model/phase.js';
export type { Session, SessionId, Target, TargetState } from './model/session.js';
export { computeVerdict, type Verdict } from './model/verdict.js';
export type { LogChange, LogPosition, LogProvider, RecordedConnection } from './nats/log-change.js';
export { createNatsProvider, type NatsProviderOptions } from './nats/nats-provider.js';
export type { BucketSettings, NatsCredentials } from './nats/settings.js';
export { createMemoryProvider } from './providers/memory.js';
export {
  fromAsyncIterable,
  ProviderError,
  type PushChange,
  type SessionProvider,
} from './providers/provider.js';
export { createTiltLogs, type TiltLogs, type TiltLogsOptions } from './providers/tilt/hud-logs.js';
export type { JwtOptions } from './server/access/access.js';
export type { CompressMode } from './server/compression.js';
export { DEFAULT_LIMITS, type Limits } from './server/limits.js';
export type { KeyPair } from './server/tls.js';
export type { SourceStatus } from './store/source-table.js';
export type { TiltsOptions } from './tilts.js';
