import { readFileSync } from 'node:fs';

/** The gateway's own schema. The process runs in the project's root. */
export const schemaText: string = readFileSync('schema.graphql', 'utf8');
