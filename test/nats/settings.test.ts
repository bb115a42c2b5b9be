import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADDRESS_FORM, isAddress, parseAddress, withoutLogin } from '../../src/nats/settings.js';
import { ProviderError } from '../../src/providers/provider.js';

const PLAIN = {
  servers: ['host'],
  isTls: false,
  user: null,
  password: null,
  token: null,
  bucket: 'tilts',
  subject: '>',
};

function errorOf(text: string): unknown {
  try {
    return parseAddress(text);
  } catch (error) {
    return error;
  }
}

describe('the address of a bucket', () => {
  it.each<[string, Partial<ReturnType<typeof parseAddress>>]>([
    ['nats://host/tilts', {}],
    ['tls://host/tilts', { isTls: true }],
    ['nats://127.0.0.1:4222/tilts', { servers: ['127.0.0.1:4222'] }],
    ['nats://[::1]:4222/tilts', { servers: ['[::1]:4222'] }],
    ['nats://a:4222,b.example.com,[::1]/tilts', { servers: ['a:4222', 'b.example.com', '[::1]'] }],
    ['nats://host/Tilts_of-2', { bucket: 'Tilts_of-2' }],
    ['nats://host/tilts/team-a.>', { subject: 'team-a.>' }],
    ['nats://host/tilts/*.ci.*', { subject: '*.ci.*' }],
    ['nats://host/tilts/gr=c3=b6.>', { subject: 'gr=c3=b6.>' }],
    ['nats://host/tilts/>', { subject: '>' }],
  ])('is parsed: %s', (text, parts) => {
    expect(isAddress(text)).toBe(true);
    expect(parseAddress(text)).toEqual({ ...PLAIN, ...parts });
  });

  it.each([
    ['nats://ada:secret@host/tilts', { user: 'ada', password: 'secret' }],
    ['nats://ada:a:b:c@host/tilts', { user: 'ada', password: 'a:b:c' }],
    ['nats://ada:@host/tilts', { user: 'ada', password: '' }],
    ['nats://s3cr3t@host/tilts', { token: 's3cr3t' }],
    ['nats://ada:p%40ss%2Fw%3Ard@host/tilts', { user: 'ada', password: 'p@ss/w:rd' }],
    ['nats://ada:100%@host/tilts', { user: 'ada', password: '100%' }],
  ])('may contain a login: %s', (text, login) => {
    expect(parseAddress(text)).toEqual({ ...PLAIN, ...login });
    expect(withoutLogin(text)).toBe('nats://host/tilts');
  });

  it('decodes every percent-encoded login', () => {
    const word = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(word, word, (user, password) => {
        const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
        expect(parseAddress(`nats://${login}@host/tilts`)).toEqual({ ...PLAIN, user, password });
      }),
    );
  });

  it.each([
    '',
    'nats://',
    'nats://host',
    'nats://host/',
    'nats:///tilts',
    'nats://host,/tilts',
    'nats://host:port/tilts',
    'nats://host:123456/tilts',
    'nats://ho st/tilts',
    'nats://host/til.ts',
    'nats://host/tilts/',
    'nats://host/tilts/a..b',
    'nats://host/tilts/>.a',
    'nats://host/tilts/a b',
    'nats://host/tilts/a/b',
    'nats://host/tilts\n',
    'http://host/tilts',
    `nats://host/${'x'.repeat(201)}`,
  ])('is rejected with one line that shows the expected form: %j', (text) => {
    const error = errorOf(text);
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({
      code: 'config',
      message: `expected ${ADDRESS_FORM}, got ${JSON.stringify(text)}`,
    });
    expect(String(error)).not.toContain('\n');
  });

  it.each([
    'nats://ada:hunter2@host',
    'nats://hunter2@host',
    'tls://hunter2@host/a/b/c',
    'nats://ada:hunter2@ho st/tilts',
    'nats://ada:hunter2@x@host/tilts',
    'nats://ada:x@hunter2@host/tilts',
    'http://ada:hunter2@host/tilts',
    'nats://ada:hunter2\n@host/til.ts',
  ])('is rejected without showing its login: %j', (text) => {
    expect(String(errorOf(text))).toMatch(/^ProviderError: expected .*, got "\w+:\/\/ho ?st.*"$/);
    expect(String(errorOf(text))).not.toMatch(/hunter2|ada/);
  });

  it.each(['tilt', 'demo:7', '-', './nats', 'nats:/x', 'http://host/tilts', 'x=nats://host/tilts'])(
    'is not meant by %j',
    (text) => {
      expect(isAddress(text)).toBe(false);
    },
  );
});
