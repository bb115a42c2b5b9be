#!/usr/bin/env node
// Set before graphql-js is loaded: in development mode it checks each type for a second copy of itself.
process.env.NODE_ENV ??= 'production';
const { main } = await import('./main.js');

// The timers of the gateway do not keep the process alive. Without this one, a publisher that only waits for
// its broker would exit.
const keepAlive = setInterval(() => {}, 60_000);
process.exitCode = await main(process.argv, process);
clearInterval(keepAlive);
// Handles that are still open, such as a trace exporter without an answer, must not delay the exit.
setTimeout(() => process.exit(), 1_000).unref();
