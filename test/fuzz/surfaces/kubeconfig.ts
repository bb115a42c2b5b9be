import fc from 'fast-check';
import { ProviderError } from '../../../src/providers/provider.js';
import { readServerAccess } from '../../../src/providers/tilt/credentials.js';
import type { Endpoint } from '../../../src/providers/tilt/kube-context.js';
import { findEndpoint, type Kubeconfig, mergeKubeconfigs } from '../../../src/providers/tilt/kubeconfig.js';
import { readFixture } from '../../support/recording.js';
import { almostJson, applyEdits, jsonEdits } from '../arbitraries/json.js';
import { applySplices, awkwardTexts, hostileBytes, splices } from '../arbitraries/texts.js';
import { hostileYaml, YAML_SNIPPETS } from '../arbitraries/yaml.js';
import { assertOneLine } from '../harness/invariants.js';
import { assertErrorMessage } from '../harness/session-store.js';
import { defineSurface } from '../harness/surface.js';
import { Violation } from '../harness/violation.js';

/** A secret that must not appear in messages. */
const SECRET = 'S3CRET';

const TEXT = readFixture('kubeconfig-running.yaml').replaceAll('REDACTED', SECRET);

const OBJECT = {
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': '',
  clusters: [
    {
      name: 'c',
      cluster: { server: 'https://127.0.0.1:1', 'certificate-authority-data': btoa(`${SECRET}-CA`) },
    },
    {
      name: 'd',
      cluster: { server: 'http://[::1]:80/path', 'insecure-skip-tls-verify': true, 'tls-server-name': 'a' },
    },
  ],
  users: [
    { name: 'u', user: { token: `${SECRET}-TOKEN` } },
    {
      name: 'v',
      user: { 'client-certificate-data': btoa(SECRET), 'client-key-data': btoa(`${SECRET}-KEY`) },
    },
    { name: 'w', user: { username: 'a', password: `${SECRET}-PASSWORD` } },
    { name: 'x', user: { exec: { command: 'a' } } },
  ],
  contexts: [
    { name: 'tilt-default', context: { cluster: 'c', user: 'u' } },
    { name: 'tilt-1', context: { cluster: 'd', user: 'v' } },
    { name: 'tilt-2', context: { cluster: 'd', user: 'w' } },
    { name: 'tilt-3', context: { cluster: 'c', user: 'x' } },
    { name: 'tilt-4', context: { cluster: 'gone', user: 'gone' } },
  ],
};

const texts = fc.oneof(
  {
    weight: 6,
    arbitrary: jsonEdits.map((edits) => JSON.stringify(applyEdits(OBJECT, edits)) ?? ''),
  },
  { weight: 2, arbitrary: almostJson(jsonEdits.map((edits) => applyEdits(OBJECT, edits))) },
  {
    weight: 4,
    arbitrary: splices(fc.oneof(fc.constantFrom(...YAML_SNIPPETS), awkwardTexts), 4).map((all) =>
      applySplices(TEXT, all),
    ),
  },
  { weight: 2, arbitrary: hostileYaml },
);

/** Kubeconfigs: each is parsed, each context is resolved, and embedded credentials are read. */
export const kubeconfig = defineSurface({
  name: 'kubeconfig',
  share: 60,
  arbitrary: fc.record({
    bytes: hostileBytes(texts.map((text) => Buffer.from(text))),
    name: awkwardTexts,
  }),
  count: () => 1,
  async check({ bytes, name }) {
    const known = parse(bytes.toString());
    if (known === null) return;
    for (const context of known.contexts) {
      if (context.is === 'unusable') assertSafeMessage(context.problem);
      else await assertConnectable(context.endpoint);
    }
    for (const sought of [name, ...known.contexts.map((context) => context.name)]) lookUp(known, sought);
  },
});

function parse(text: string): Kubeconfig | null {
  try {
    return mergeKubeconfigs([{ path: 'config', content: text }]);
  } catch (error) {
    assertProviderError(error);
    return null;
  }
}

function lookUp(known: Kubeconfig, name: string): void {
  try {
    findEndpoint(known, name);
  } catch (error) {
    assertProviderError(error);
  }
}

async function assertConnectable(endpoint: Endpoint): Promise<void> {
  const { certificateAuthority, token, clientCertificate, clientKey } = endpoint;
  // Referenced files are not read: an edited path may name any file.
  if (
    [certificateAuthority, token, clientCertificate, clientKey].some(
      (content) => content && 'file' in content,
    )
  )
    return;
  try {
    await readServerAccess(endpoint);
  } catch (error) {
    assertProviderError(error);
  }
}

function assertProviderError(error: unknown): void {
  assertErrorMessage(error, ProviderError);
  if (error instanceof Error) assertSafeMessage(error.message);
}

function assertSafeMessage(line: string): void {
  assertOneLine(line, 'a message about a kubeconfig');
  if (line.includes(SECRET)) throw new Violation('a message about a kubeconfig contains a secret', line);
}
