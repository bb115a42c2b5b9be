import type { AnySurface } from './harness/surface.js';
import { commandLine } from './surfaces/command-line.js';
import { documentCosts } from './surfaces/document-costs.js';
import { httpBody } from './surfaces/http-body.js';
import { httpHeaders } from './surfaces/http-headers.js';
import { kubeconfig } from './surfaces/kubeconfig.js';
import { queryString } from './surfaces/query-string.js';
import { sessionFiles } from './surfaces/session-files.js';
import { sessionObjects } from './surfaces/session-objects.js';
import { sse } from './surfaces/sse.js';
import { watchLines } from './surfaces/watch-lines.js';
import { websocketFrames } from './surfaces/websocket-frames.js';
import { websocketMessages } from './surfaces/websocket-messages.js';

/** All places where input comes in: first those of a running gateway, then those within this process. */
export const surfaces: readonly AnySurface[] = [
  httpBody,
  httpHeaders,
  queryString,
  sse,
  websocketMessages,
  websocketFrames,
  sessionObjects,
  sessionFiles,
  watchLines,
  kubeconfig,
  commandLine,
  documentCosts,
];
