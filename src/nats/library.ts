// What is used of NATS' client library, whose packages are CommonJS. Imported on use, as `import('./library.js')`: of a
// package itself that is imported so, a bundle would have no names.
export { jetstream, jetstreamManager } from '@nats-io/jetstream';
export { Kvm } from '@nats-io/kv';
export { connect, credsAuthenticator, nkeyAuthenticator } from '@nats-io/transport-node';
