// NATS' client library: CommonJS packages, loaded on first use with `import('./library.js')`. A bundle would
// not have the named exports of a package that is imported dynamically itself.
export { jetstream, jetstreamManager } from '@nats-io/jetstream';
export { Kvm } from '@nats-io/kv';
export { connect, credsAuthenticator, headers, nkeyAuthenticator } from '@nats-io/transport-node';
