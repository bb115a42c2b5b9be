import { control } from './control.js';
import { startMercurius } from './start-mercurius.js';

control((options) => startMercurius(options, 1));
