import { z } from 'zod';

/** Id of the Session that a tool is about. */
export const session = z
  .string()
  .optional()
  .describe(
    'Id of the Session, such as tilt-default/Tiltfile; may be left out while exactly one Tilt runs. The demonstration has to be named',
  );

/** A phase of a target. */
export const phase = z.enum([
  'INACTIVE',
  'DISABLED',
  'WAITING',
  'RUNNING',
  'READY',
  'SUCCEEDED',
  'FAILED',
  'RETRYING',
]);
