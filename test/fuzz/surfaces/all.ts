import type { AnySurface } from '../harness/surface.js';
import { bucketDeltas } from './bucket-deltas.js';
import { bucketMessages } from './bucket-messages.js';
import { commandLine } from './command-line.js';
import { documentCosts } from './document-costs.js';
import { httpBody } from './http-body.js';
import { httpHeaders } from './http-headers.js';
import { hudMessages } from './hud-messages.js';
import { kubeconfig } from './kubeconfig.js';
import { queryString } from './query-string.js';
import { sessionFiles } from './session-files.js';
import { sessionObjects } from './session-objects.js';
import { sse } from './sse.js';
import { watchLines } from './watch-lines.js';
import { websocketCompression } from './websocket-compression.js';
import { websocketFrames } from './websocket-frames.js';
import { websocketMessages } from './websocket-messages.js';

/** All surfaces: first those of a running gateway, then those within this process. */
export const surfaces: readonly AnySurface[] = [
  httpBody,
  httpHeaders,
  queryString,
  sse,
  websocketMessages,
  websocketFrames,
  websocketCompression,
  sessionObjects,
  sessionFiles,
  watchLines,
  hudMessages,
  bucketMessages,
  bucketDeltas,
  kubeconfig,
  commandLine,
  documentCosts,
];
