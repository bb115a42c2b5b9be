#!/usr/bin/env node
// graphql-js checks each type for a second copy of itself, unless told that this is no development: before it is loaded.
process.env.NODE_ENV ??= 'production';
const { main } = await import('./main.js');

// Our timers do not keep the process alive: a publisher that only waits for its broker would end in the midst of it.
const alive = setInterval(() => {}, 60_000);
process.exitCode = await main(process.argv, process);
clearInterval(alive);
// What is still open then, such as a collector of traces that does not answer, is nobody's business any more.
setTimeout(() => process.exit(), 1_000).unref();
