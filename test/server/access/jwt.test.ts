import { generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/lib/log.js';
import { DEFAULT_LEEWAY_MS, isGrant } from '../../../src/server/access/access.js';
import { createJwtVerifier, createTokenVerifier } from '../../../src/server/access/jwt.js';
import { startIdentityProvider } from '../../support/identity-provider.js';
import { createManualClock } from '../../support/manual-clock.js';
import { createSteppedClock } from '../../support/stepped-clock.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Creates a verifier, tokens that are valid for a day, and a counter of key lookups. */
async function setUp() {
  const clock = createSteppedClock();
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  let lookups = 0;
  const keys = () => {
    lookups += 1;
    return publicKey;
  };
  const sign = (note: string) =>
    new SignJWT({ tilt_instances: 'team-a-*', note, exp: clock.now() / 1_000 + 86_400 })
      .setProtectedHeader({ alg: 'ES256' })
      .sign(privateKey);
  const token = await sign('');
  const verify = createTokenVerifier(keys, {}, clock, silentLog);
  return { clock, lookups: () => lookups, sign, verify, isGood: async () => isGrant(await verify(token)) };
}

describe('a verified token', () => {
  it('a verified token is trusted for a minute, then verified again', async () => {
    const { clock, isGood, lookups } = await setUp();
    expect(await isGood()).toBe(true);
    await clock.advance(59_999);
    expect(await isGood()).toBe(true);
    expect(lookups()).toBe(1);
    await clock.advance(1);
    expect(await isGood()).toBe(true);
    expect(lookups()).toBe(2);
  });

  it.each([HOUR_MS, -HOUR_MS])(
    'a verified token is trusted for a minute, also when the wall clock jumps by %i ms',
    async (ms) => {
      const { clock, isGood, lookups } = await setUp();
      await isGood();
      clock.step(ms);
      await clock.advance(59_999);
      expect(await isGood()).toBe(true);
      expect(lookups()).toBe(1);
      await clock.advance(1);
      expect(await isGood()).toBe(true);
      expect(lookups()).toBe(2);
    },
  );

  it('a verified token is rejected after its expiry even within the minute', async () => {
    const { clock, isGood } = await setUp();
    clock.step(24 * HOUR_MS + DEFAULT_LEEWAY_MS - 1_000);
    expect(await isGood()).toBe(true);
    clock.step(1_000);
    expect(await isGood()).toBe(false);
  });
});

describe('the length of a token', () => {
  it('a token of up to 16,384 characters is verified, and a longer one is rejected without being parsed', async () => {
    const { lookups, sign, verify } = await setUp();
    const overhead = (await sign('')).length;
    // Base64 has four characters for three bytes.
    const length = Math.floor(((16_384 - overhead) * 3) / 4) - 1;
    const longest = await sign('a'.repeat(length));
    expect(longest.length).toBeLessThanOrEqual(16_384);
    expect(isGrant(await verify(longest))).toBe(true);
    expect(lookups()).toBe(1);
    const tooLong = await sign('a'.repeat(length + 8));
    expect(tooLong.length).toBeGreaterThan(16_384);
    expect(await verify(tooLong)).toEqual({
      status: 401,
      code: 'UNAUTHENTICATED',
      message: 'The token is invalid: expected at most 16384 characters. Get one with fewer claims.',
    });
    expect(lookups()).toBe(1);
  });
});

describe('while the identity provider fails', () => {
  it.each([
    { status: 500, body: '' },
    { status: 200, body: 'not JSON' },
    { status: 200, body: '{"keys":7}' },
  ])('its keys are fetched every 5 s, and the failure is logged once: %j', async (failure) => {
    await using provider = await startIdentityProvider();
    provider.failure = failure;
    const clock = createManualClock();
    const messages: string[] = [];
    const verify = createJwtVerifier({ jwks: provider.jwks }, clock, (_, message) => messages.push(message));
    const token = await provider.sign({ tilt_instances: '*' });
    const unavailable = { status: 503, code: 'UNAUTHENTICATED', message: expect.any(String) };
    for (let count = 1; count <= 3; count += 1) {
      for (let again = 0; again < 10; again += 1) expect(await verify(token)).toEqual(unavailable);
      expect(provider.requests).toBe(count);
      await clock.advance(5_000);
    }
    expect(messages).toEqual([expect.stringContaining('(--jwks) cannot be fetched')]);
    provider.failure = null;
    expect(isGrant(await verify(token))).toBe(true);
  });
});

describe('known keys of an identity provider', () => {
  /** Creates a verifier that has fetched the key `one`, and a check of a new token by the id of its key. */
  async function setUpKnown() {
    const provider = await startIdentityProvider();
    const clock = createManualClock();
    const messages: string[] = [];
    const verify = createJwtVerifier({ jwks: provider.jwks }, clock, (_, message) => messages.push(message));
    let tokens = 0;
    const check = async (keyId = 'one') => {
      tokens += 1;
      const exp = clock.now() / 1_000 + 3_600;
      const outcome = await verify(
        await provider.sign({ tilt_instances: '*', exp, jti: `${tokens}` }, keyId),
      );
      return isGrant(outcome) ? 'granted' : outcome.status;
    };
    expect(await check()).toBe('granted');
    return { provider, clock, messages, check, [Symbol.asyncDispose]: () => provider[Symbol.asyncDispose]() };
  }

  it('known keys stay in use for 24 hours while the identity provider fails', async () => {
    await using setup = await setUpKnown();
    const { provider, clock, messages, check } = setup;
    provider.failure = { status: 503, body: '' };
    await clock.advance(10 * MINUTE_MS);
    for (let again = 0; again < 10; again += 1) expect(await check()).toBe('granted');
    await expect.poll(() => messages).toEqual([expect.stringContaining('(--jwks) cannot be fetched')]);
    await clock.advance(24 * HOUR_MS - 10 * MINUTE_MS - 1);
    expect(await check()).toBe('granted');
    await clock.advance(1);
    expect(await check()).toBe(503);
    expect(messages).toHaveLength(1);
    provider.failure = null;
    await clock.advance(5_000);
    expect(await check()).toBe('granted');
  });

  it('a token of a known key does not wait for the refresh after 10 minutes', async () => {
    await using setup = await setUpKnown();
    const { provider, clock, check } = setup;
    provider.held = new Promise(() => {});
    await clock.advance(10 * MINUTE_MS - 1);
    expect(await check()).toBe('granted');
    expect(provider.requests).toBe(1);
    await clock.advance(1);
    for (let again = 0; again < 3; again += 1) expect(await check()).toBe('granted');
    await expect.poll(() => provider.requests).toBe(2);
  });

  it('a withdrawn key is rejected after the refresh in the background', async () => {
    await using setup = await setUpKnown();
    const { provider, clock, check } = setup;
    provider.keyIds = ['two'];
    await clock.advance(10 * MINUTE_MS);
    expect(await check()).toBe('granted');
    await expect.poll(() => check()).toBe(401);
    expect(await check('two')).toBe('granted');
    expect(provider.requests).toBe(2);
  });

  it('a withdrawn key is rejected at once after 15 minutes without a refresh', async () => {
    await using setup = await setUpKnown();
    setup.provider.keyIds = ['two'];
    await setup.clock.advance(15 * MINUTE_MS);
    expect(await setup.check()).toBe(401);
  });

  it('a withdrawn key is rejected a minute after a failed refresh if the keys are 15 minutes old', async () => {
    await using setup = await setUpKnown();
    const { provider, clock, check } = setup;
    provider.keyIds = ['two'];
    provider.failure = { status: 500, body: '' };
    await clock.advance(14 * MINUTE_MS);
    expect(await check()).toBe('granted');
    // It waits for the same fetch.
    expect(await check('two')).toBe(503);
    expect(provider.requests).toBe(2);
    provider.failure = null;
    await clock.advance(MINUTE_MS);
    expect(await check()).toBe(401);
  });

  it('a token of a new key is accepted from 30 s after the last fetch, while known keys stay in use', async () => {
    await using setup = await setUpKnown();
    const { provider, clock, check } = setup;
    provider.keyIds = ['one', 'two'];
    await clock.advance(29_999);
    expect(await check('two')).toBe(401);
    expect(provider.requests).toBe(1);
    await clock.advance(1);
    expect(await check('two')).toBe('granted');
    expect(await check('three')).toBe(401);
    expect(provider.requests).toBe(2);
    provider.failure = { status: 503, body: '' };
    await clock.advance(30_000);
    expect(await check('three')).toBe(503);
    expect(await check('one')).toBe('granted');
    expect(provider.requests).toBe(3);
  });
});

describe('clock differences with the identity provider', () => {
  it.each([
    ['exp', -29, 30_000, null],
    [
      'exp',
      -31,
      30_000,
      "The token expired at 2026-01-01T11:59:29Z; this gateway's clock shows 2026-01-01T12:00:00Z. Get a new one.",
    ],
    [
      'exp',
      -1,
      0,
      "The token expired at 2026-01-01T11:59:59Z; this gateway's clock shows 2026-01-01T12:00:00Z. Get a new one.",
    ],
    ['nbf', 29, 30_000, null],
    [
      'nbf',
      31,
      30_000,
      'The token is valid from 2026-01-01T12:00:31Z ("nbf"); this gateway\'s clock shows 2026-01-01T12:00:00Z. Compare the clocks.',
    ],
  ])(
    'a token whose %s is %i s from now, with a leeway of %i ms, has the error %s',
    async (claim, seconds, leewayMs, message) => {
      const clock = createManualClock(Date.parse('2026-01-01T12:00:00Z'));
      const { publicKey, privateKey } = await generateKeyPair('ES256');
      const now = clock.now() / 1_000;
      const token = await new SignJWT({ tilt_instances: '*', exp: now + 3_600, [claim]: now + seconds })
        .setProtectedHeader({ alg: 'ES256' })
        .sign(privateKey);
      const outcome = await createTokenVerifier(() => publicKey, { leewayMs }, clock, silentLog)(token);
      if (message === null) expect(isGrant(outcome)).toBe(true);
      else expect(outcome).toEqual({ status: 401, code: 'UNAUTHENTICATED', message });
    },
  );
});
