import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../src/logs/redact.js';

const { redact } = createRedactor([]);
const GITHUB_TOKEN = `ghp_${'a1B2'.repeat(9)}`;
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P';

describe('createRedactor', () => {
  it.each([
    [
      'a password in a URL',
      'pull https://bob:hunter2@example.com/x',
      'pull https://bob:[REDACTED]@example.com/x',
    ],
    ['a password with "@"', 'redis://:p@ss@host:6379/0', 'redis://:[REDACTED]@host:6379/0'],
    [
      'a token as the user of a URL',
      `https://${'a1'.repeat(12)}@github.com/x`,
      'https://[REDACTED]@github.com/x',
    ],
    ['a parameter', 'GET /a?page=2&access_token=abc&x=1', 'GET /a?page=2&access_token=[REDACTED]&x=1'],
    [
      'a signature',
      'https://s3/x?X-Amz-Signature=ab12&X-Amz-Date=1',
      'https://s3/x?X-Amz-Signature=[REDACTED]&X-Amz-Date=1',
    ],
    ['a header', 'Authorization: Bearer abc.def', 'Authorization: [REDACTED]'],
    [
      'a quoted header',
      `curl -H 'Authorization: token abc' https://x`,
      `curl -H 'Authorization: [REDACTED]' https://x`,
    ],
    [
      'a header of digest',
      'authorization: Digest username="bob", response="ab"',
      'authorization: [REDACTED]',
    ],
    ['a cookie', 'Set-Cookie: sid=abc; Path=/', 'Set-Cookie: [REDACTED]'],
    ['a bearer token', `got bearer ${'a'.repeat(16)} from x`, 'got bearer [REDACTED] from x'],
    ['an API key header', 'X-Api-Key: abcd1234', 'X-Api-Key: [REDACTED]'],
    ['an assignment', 'export DB_PASSWORD=a;b&c next', 'export DB_PASSWORD=[REDACTED] next'],
    ['a quoted assignment', `SECRET="two words" x`, `SECRET="[REDACTED]" x`],
    ['an assignment with spaces', 'client_secret = abcd1234', 'client_secret = [REDACTED]'],
    ['a member of YAML', 'api_key: abcdefg1', 'api_key: [REDACTED]'],
    ['a password in YAML', 'password: hunter', 'password: [REDACTED]'],
    ['a member of JSON', '{"accessToken":"abc","x":1}', '{"accessToken":"[REDACTED]","x":1}'],
    ['a quote in JSON', '{"password":"a\\"b","x":1}', '{"password":"[REDACTED]","x":1}'],
    [
      'JSON within JSON',
      '{"m":"{\\"token\\":\\"abc\\",\\"x\\":1}"}',
      '{"m":"{\\"token\\":\\"[REDACTED]\\",\\"x\\":1}"}',
    ],
    ['an option', 'mysql --password hunter2 -u bob', 'mysql --password [REDACTED] -u bob'],
    ['an option with "="', 'login --api-key=abc -u bob', 'login --api-key=[REDACTED] -u bob'],
    ['a secret after a word that is prose', 'token: password=abc', 'token: password=[REDACTED]'],
    ['an element of XML', '<db:password>a b</db:password>', '<db:password>[REDACTED]</db:password>'],
    ['a value in a column', `password:${' '.repeat(20)}hunter2`, `password:${' '.repeat(20)}[REDACTED]`],
    ['a parameter in a value', '?next=/a?sig=abc;sig=d&x=1', '?next=/a?sig=[REDACTED]&x=1'],
    ['headers of Go', 'map[Authorization:[Basic YTpi] A:[b]]', 'map[Authorization:[[REDACTED] A:[b]]'],
    ['a list of cookies in JSON', '{"cookie":["a=b; c=d"]}', '{"cookie":["[REDACTED]"]}'],
    ['a GitHub token', `x ghp_${'a1'.repeat(18)}.`, 'x [REDACTED].'],
    ['a Slack token', 'xoxb-123456789012-abcdef', '[REDACTED]'],
    ['an AWS key id', 'id AKIAIOSFODNN7EXAMPLE', 'id [REDACTED]'],
    ['a JSON Web Token', `jwt ${JWT}!`, 'jwt [REDACTED]!'],
    [
      'a private key',
      '-----BEGIN RSA PRIVATE KEY-----MIIE-----END RSA PRIVATE KEY-----',
      '-----BEGIN RSA PRIVATE KEY-----[REDACTED]-----END RSA PRIVATE KEY-----',
    ],
    ['several secrets', 'PASSWORD=a TOKEN=b', 'PASSWORD=[REDACTED] TOKEN=[REDACTED]'],
  ])('redacts %s', (_, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it.each([
    ['{"msg":"cloning with\\n@"}', GITHUB_TOKEN],
    ['{"msg":"cloning with\\t@"}', GITHUB_TOKEN],
    ['{"m":"{\\"msg\\":\\"cloning with\\\\n@\\"}"}', GITHUB_TOKEN],
    ['{"msg":"\\u001b[1;38;2;255;255;255m@\\u001b[0m"}', GITHUB_TOKEN],
    ["{'msg': '\\x1b[32m@\\033[0m'}", GITHUB_TOKEN],
    ['GET /search?q=a%20@', GITHUB_TOKEN],
    ['{"msg":"got\\nBearer @"}', 'hunter2hunter2hunter2'],
    ['{"msg":"run\\nlogin --password @ -u bob"}', 'hunter2'],
    ['{"m":"run --password \\"@\\" -u bob"}', 'two hunter2'],
    ['{"url":"https://h/x?a=1\\u0026X-Amz-Signature=@\\u0026b=1"}', 'hunter2'],
    ['{"url":"https://h/x?a=1\\u0026sig\\u003d@"}', 'hunter2'],
    ['{"url":"https://h/x?a=1\\u0026token=@\\u0026b=1"}', 'hunter2'],
    ['https://h/x?next=/a%3Fa=1%26sig%3D@', 'hunter2'],
    ['{"dsn":"mysql:\\/\\/root:@@db\\/app"}', 'hunter2', '{"dsn":"mysql:\\/\\/root:[REDACTED]@db\\/app"}'],
    ['?url=https%3A%2F%2Fbob:@%40example.com', 'hunter2'],
    ['{"url":"https:\\/\\/hooks.slack.com\\/services\\/@"}', 'T0\\/B0\\/hunter2'],
    ['{"m":"{\\"password\\":\\"@\\"}"}', 'abc\\\\\\"hunter2'],
    ['{"m":"{\\"password\\":\\"@\\"}"}', 'abc\\\\\\\\hunter2'],
    ['{"m":"{\\"password\\":\\"@\\"}"}', 'abc\\\\nhunter2'],
    ['{"m":"{\\u0022password\\u0022:\\u0022@\\u0022}"}', 'abc hunter2'],
    ["{'m': '{\\'password\\': \\'@\\'}'}", 'abc hunter2'],
    ['<a data-x="{&quot;password&quot;:&quot;@&quot;}">', 'abc hunter2'],
    ['<p>&lt;password&gt;@&lt;/password&gt;</p>', 'abc hunter2'],
    ['{"b":"\\u003cpassword\\u003e@\\u003c/password\\u003e"}', 'abc hunter2'],
    ['{"b":"\\u0026lt;password\\u0026gt;@\\u0026lt;/password\\u0026gt;"}', 'abc hunter2'],
  ])('redacts a secret within escapes: %s', (text, secret, expected = text.replace('@', '[REDACTED]')) => {
    expect(redact(text.replace('@', secret))).toBe(expected);
  });

  it.each([
    'window.S={"db":"postgres:\\u002F\\u002Fbob:@@db\\u002Fapp"}',
    '{"db":"postgres:\\\\u002f\\\\u002fbob:@@db"}',
    'postgres:%2F%2Fbob:@@db',
    'postgres&#58;//bob:@@db',
    'postgres&#x3a;//bob:@@db',
    'postgres\\u003a//bob:@@db',
    'pas\\x73word=@',
    '\\u0070assword=@',
    '?tok%65n=@',
    'Set-Cooki&#101;: @',
  ])('redacts a secret that only escaped characters announce: %s', (text) => {
    expect(redact(text.replace('@', 'sid=hunter2'))).toBe(text.replace('@', '[REDACTED]'));
  });

  it('redacts a secret whatever characters before it are escaped, and however', () => {
    const escapes = [
      (code: string) => `\\u00${code}`,
      (code: string) => `\\x${code}`,
      (code: string) => `\\\\u00${code.toUpperCase()}`,
      (code: string) => `\\u005cu00${code}`,
      (code: string) => `%${code}`,
      (code: string) => `&#x${code};`,
      (code: string) => `&#${Number.parseInt(code, 16)};`,
    ];
    const announcements = [
      'postgres://bob:',
      '?sig=',
      '&session_id=',
      'DB_PASSWORD=',
      'login --api-key ',
      'got bearer ',
      'Authorization: ',
      'Set-Cookie: sid=',
      '<token>',
      'x ghp_',
      'x xoxb-',
      'npm_',
      'jwt eyJhbGciOiJ.eyJzdWIiOi.',
      'https://hooks.slack.com/services/',
    ];
    // As long as a token of npm.
    const secret = `Zq${'a1B2'.repeat(8)}Zq`;
    const choices = fc.array(fc.option(fc.constantFrom(...escapes), { freq: 2 }), { minLength: 40 });
    fc.assert(
      fc.property(fc.constantFrom(...announcements), choices, (announcement, chosen) => {
        const characters = Array.from(announcement, (character, index) => {
          const code = character.charCodeAt(0).toString(16);
          return chosen[index]?.(code) ?? character;
        });
        const end = announcement.includes('bob') ? '@db' : '</token>';
        expect(redact(`${characters.join('')}${secret}${end}`)).not.toContain('Zq');
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['connect postgres://bob:@@db:5432/app', "hun'ter2"],
    ['connect postgres://bob:@@db:5432/app', "o'hun'ter2"],
    ['redis://:@@cache', "hunter2'"],
    ['{"m":"connect postgres://bob:@@db"}', "hun'ter2"],
    ["psql 'postgres://bob:@@db/app' -c 'x'", "hun''ter2"],
    ["psql 'postgres://bob:@@db/app' -c 'x'", "hun'\\''ter2"],
    ["psql 'postgres://bob:@@db/app' -c 'x'", `hun'"'"'ter2`],
  ])('redacts a password with an apostrophe in the URL %s', (text, secret) => {
    expect(redact(text.replace('@', secret))).toBe(text.replace('@', '[REDACTED]'));
  });

  it.each([
    ['Cookie: @', 'theme="dark"; sid=hunter2'],
    ['Cookie: @', 'sid="hunter2"'],
    ['Cookie: @', 'a=b; theme="dark"; sid=hunter2'],
    ['Cookie: @', "name=O'Brien; sid=hunter2"],
    ['Set-Cookie: @', 'sid="hunter2"; Path=/'],
    ["{'Cookie': '@', 'Host': 'x'}", 'theme="dark"; sid=hunter2'],
    ['{"headers":{"cookie":"@","host":"x"}}', 'theme=\\"dark\\"; sid=hunter2'],
    ['{"m":"{\\"cookie\\":\\"@\\",\\"host\\":\\"x\\"}"}', 'theme=\\\\\\"dark\\\\\\"; sid=hunter2'],
    ["'set-cookie': [ '@' ], 'x': 1", "a=1; Path=/', 'sid=hunter2; HttpOnly"],
    ['{"set-cookie":["@"],"x":["y=1"]}', 'a=1; Path=/","sid=hunter2'],
    ["curl -H 'Cookie: @' 'https://x'", 'sid="hunter2"'],
    ['HTTP_COOKIE=@', 'sid=hunter2'],
    ['"HTTP_COOKIE"=>"@", "HTTP_HOST"=>"x"', 'sid=hunter2'],
    ['Cookie: @', 'consent={"ads":true}; session=hunter2'],
    ['Cookie: @', 'theme=dark; prefs={"lang":"de"}; connect.sid=s%3Ahunter2'],
    ['{"headers":{"cookie":"@"}}', 'prefs={\\"a\\":1}; connect.sid=s%3Ahunter2'],
    ['{"m":"{\\"cookie\\":\\"@\\",\\"x\\":1}"}', 'prefs={\\\\\\"a\\\\\\":1}; connect.sid=s%3Ahunter2'],
    ['Cookie: @', 'csrf=ab"cd; sid=hunter2'],
    ['> Cookie: @', "sid='hunter2'"],
    ['Set-Cookie: @', `prefs={"a":"it's"}; Path=/; sid='hunter2'`],
    ['Cookie: @', 'prefs={"t":"a\\nb"}; sid=hunter2'],
    ["don't send Cookie: @", "prefs={'a':1}; sid=hunter2"],
    ['"hello " Cookie: @', 'prefs={"a":1}; sid=hunter2'],
    ['level="info" Cookie: @', 'prefs={"a":1}; sid=hunter2'],
    ["curl -H 'Cookie: @' https://x", 'prefs={"a":1}; sid=hunter2'],
    ["curl -H'Cookie: @' https://x", 'prefs={"t":"a\\nb"}; sid=hunter2'],
    ['curl -H "Cookie: @" https://x', "sid='hunter2'"],
    ['{"cmd":"curl -H \\"Cookie: @\\" https://x"}', 'prefs={\\\\\\"a\\\\\\":1}; sid=hunter2'],
    ['bash -c "curl -H \'Cookie: @\' https://x"', 'sid=hunter2'],
    ['msg="sending Cookie: @" status=200', 'sid=hunter2'],
    ['{"msg":"sending Cookie: @","status":200}', 'prefs={\\"a\\":1}; sid=hunter2'],
    [
      '{"msg":"GET / HTTP/1.1\\r\\nCookie: @\\r\\nHost: x","y":1}',
      'prefs={\\"a\\":\\"b\\\\nc\\"}; sid=hunter2',
    ],
    ["b'GET / HTTP/1.1\\r\\nCookie: @\\r\\nHost: x' y", 'prefs={"a":1}; sid=hunter2'],
    ['"Cookie: @", "x"', 'prefs={"a":"b", "c":1}; sid=hunter2'],
    ["{ cookie: '@', host: 'x' }", 'prefs={"a":1}; sid=hunter2'],
    ['{ cookie: `@`, host: 1 }', `prefs={"a":"it's"}; sid=hunter2`],
    ["{ 'Cookie': '@', 'X': '' }", "a=b''c; sid=hunter2"],
    ['"cookie":"a=","set-cookie":"@"', 'sid=hunter2', '"cookie":"[REDACTED]","set-cookie":"[REDACTED]"'],
    [
      `'cookie': 'a="b', 'x': 'y=', 'cookie': '@'`,
      'sid=hunter2',
      `'cookie': '[REDACTED]', 'x': 'y=', 'cookie': '[REDACTED]'`,
    ],
    [
      `'cookie': 'a={' 'x={', 'cookie': '@' 'b'`,
      'sid=hunter2',
      `'cookie': '[REDACTED]' 'x={', 'cookie': '[REDACTED]' 'b'`,
    ],
    ['"cookie":"@"', 'theme="dark" sid=hunter2'],
    [`'cookie': 'a=b''cookie': '@'`, 'sid=hunter2', `'cookie': '[REDACTED]cookie': '[REDACTED]'`],
    ['Authorization: @', `Digest username*=UTF-8''b%C3%B6b, response="hunter2"`],
    ['Authorization: @', 'Digest username="a\\"b", realm="r", response="hunter2"'],
    ['Authorization: @', 'Digest username="u", realm="r, s", nonce="n", uri="/", response="hunter2"'],
    ['Authorization: @', 'OAuth oauth_consumer_key="k", oauth_signature="hunter2"'],
    ['Authorization: @', 'Hawk id="k", ts="1", mac="hunter2"'],
    ['Authorization: @', 'Signature keyId="k",algorithm="x",signature="hunter2"'],
    ['Authorization: @ done', 'Token token="hunter2", secret=hunter2'],
    ['Authorization: @', 'AWS4-HMAC-SHA256 Credential=A/b, SignedHeaders=a;b, Signature=hunter2'],
    ['{"Authorization":["@"],"x":1}', 'Digest username=\\"u\\", response=\\"hunter2\\"'],
    ["{'Authorization': '@', 'x': 1}", 'Digest username="u", response="hunter2"'],
    ['"HTTP_AUTHORIZATION"=>"@", "x"=>"y"', 'Basic aHVudGVyMg=='],
    ['authorization: @ status=200', 'Basic aHVudGVyMg=='],
    ['Authorization="@" status=200', 'Bearer hunter2'],
  ])(
    'redacts the whole value of a header: %s',
    (text, secret, expected = text.replace('@', '[REDACTED]')) => {
      expect(redact(text.replace('@', secret))).toBe(expected);
    },
  );

  it.each([
    ["[(b'host', b'x'), (b'cookie', b'@')], 'x': 1", 'a=b; sid=hunter2'],
    ['[{"accept", "*/*"}, {"cookie", "@"}, {"host", "x=1"}]', 'theme=\\"dark\\"; sid=hunter2'],
    ["rawHeaders: [ 'Host', 'x', 'Cookie', '@', 'Accept', 'a/b' ]", 'prefs={"a":1}; sid=hunter2'],
    ['["Set-Cookie","@","Vary","x"]', 'sid=hunter2; Path=/'],
    ['{"h":"[(b\'cookie\', b\'@\')]","x":1}', 'sid=hunter2'],
    ['{"m":"{\\"cookie\\", \\"@\\"}","x":1}', 'sid=hunter2'],
    ["[(b'authorization', b'@'), (b'host', b'x')]", 'Basic YTpi'],
    ['{"authorization", "@"}, {"host", "x"}', 'token hunter2'],
    ["[ 'Authorization', '@', 'Host', 'x' ]", 'Digest username="u", response="hunter2"'],
  ])('redacts the value after the name of a header in a list: %s', (text, secret) => {
    expect(redact(text.replace('@', secret))).toBe(text.replace('@', '[REDACTED]'));
  });

  it.each(['bob:hunter2hunter2', 'böb@example.com:hünter2', ':hunter2hunter2', 'bob:hunter2??>>~~'])(
    'redacts the credentials of the Basic scheme in a sentence: %s',
    (credentials) => {
      for (const encoding of ['base64', 'base64url'] as const) {
        for (const charset of ['utf8', 'latin1'] as const) {
          const value = Buffer.from(credentials, charset).toString(encoding);
          expect(redact(`sent Basic ${value}, then`)).toBe('sent Basic [REDACTED], then');
          expect(redact(`sent Basic ${value}.`)).not.toContain(value);
        }
      }
    },
  );

  it.each([
    ['http_proxy_auth: Basic @'],
    ['credentials: Basic @'],
    ['proxy_auth=Basic @', 'proxy_auth=[REDACTED] [REDACTED]'],
    ['x-auth: Basic @'],
    ['token="Basic @"', 'token="[REDACTED]"'],
    ['{"proxy":"Basic @","x":1}'],
    ['"HTTP_X_AUTH"=>"Basic @"', '"HTTP_X_AUTH"=>"[REDACTED]"'],
    ['map[X-Auth:[Basic @] Host:[x]]'],
  ])(
    'redacts the value of the Basic scheme after an operator, whatever it encodes: %s',
    (text, expected = text.replace('@', '[REDACTED]')) => {
      expect(redact(text.replace('@', 'bGlja2V5MTIzNDU2Nzg5MA=='))).toBe(expected);
    },
  );

  it.each([
    'PWD=@',
    'Server=db;UID=sa;PWD=/@;',
    'Driver=x; PWD=/@',
    '"PWD=/@;UID=sa"',
    'PWD=/a:@',
    'DB_PWD=/@',
    'pwd=/@',
    'MYPWD="/@"',
  ])('redacts a PWD that is not the folder of a shell: %s', (text) => {
    expect(redact(text.replace('@', 'hunter2'))).not.toContain('hunter2');
  });

  it.each([
    ['PWD=@', '/abc,hunter2!'],
    ['PWD=@', `/${'a'.repeat(63)};!hunter2`],
    ['PWD=@', '/abc"hunter2'],
    ['PWD=@ B=2', '/abc,"hunter2'],
    ["PWD='@'", "/abc''hunter2"],
    ["PWD='@' x", "/abc'\\''hunter2"],
    ['PWD="@', '/abc'],
    ['{"OLDPWD": "@"}', '/7Z,~Q~(Q9{933k'],
    ['{"OLDPWD": "@"}', '/7Z, hunter2'],
  ])('redacts a PWD that only starts like a folder: %s', (text, secret) => {
    expect(redact(text.replace('@', secret))).toBe(text.replace('@', '[REDACTED]'));
  });

  it.each([
    ['<password type="x">@</password>', 'hunter2'],
    ['<password >@</password >', 'hunter2'],
    ['<wsse:Password Type="http://example.com/x#PasswordText">@</wsse:Password>', 'hunter2'],
    ["<a><b:client-secret xml:lang='en'>@</b:client-secret></a>", 'hunter2'],
    ['<password>@]]></password>', '<![CDATA[a<b> hunter2'],
    ['<password>@]]> </password>', ' <![CDATA[a<b> hunter2'],
    ['<password>@', '<![CDATA[hunter2'],
    ['&lt;password type=&quot;x&quot;&gt;@&lt;/password&gt;', 'hunter2'],
    ['{"b":"\\u003cpassword type=\\"x\\"\\u003e@\\u003c/password\\u003e"}', 'hunter2'],
  ])('redacts the text of an element of XML: %s', (text, secret) => {
    expect(redact(text.replace('@', secret))).toBe(text.replace('@', '[REDACTED]'));
  });

  it.each([
    ["password: '@', x: 'y'", "abc\\'hunter2"],
    ["password: '@' # x", "abc''hunter2"],
    ["+ PASSWORD='@' run 'x'", "abc'\\''hunter2"],
    ["run --password '@' 'x'", "abc'\"'\"'hunter2"],
    ['{"m":"PASSWORD=\'@\' run"}', "abc'\\\\''hunter2"],
  ])('redacts a value with quotes up to its end: %s', (text, secret) => {
    expect(redact(text.replace('@', secret))).toBe(text.replace('@', '[REDACTED]'));
  });

  it.each([
    ['run ["--password","@"]'],
    ['run ["mysql", "--password", "@", "-u", "bob"]'],
    ["run ['mysql', '--password', '@', '-u', 'bob']"],
    ['run ["mysql" "--password" "@" "-u" "bob"]'],
    ["execve('mysql', ['mysql', '--db-password', '@'])"],
    ['{"args":"[\\"--password\\",\\"@\\",\\"x\\"]"}'],
    ["'--password' '@' 'x'"],
    ['--password "@" x'],
  ])('redacts the argument after an option: %s', (text) => {
    expect(redact(text.replace('@', 'abc hunter2'))).toBe(text.replace('@', '[REDACTED]'));
  });

  it.each([
    "{ user: 'bob', token: '@' }",
    'token = "@"',
    'token: "@"',
    "  token: '@',",
    'api | token: "@"',
    "tokens ['x'], token: '@'",
  ])('redacts the quoted value of a token whose name follows no word: %s', (text) => {
    expect(redact(text.replace('@', 'correct-horse-battery'))).toBe(text.replace('@', '[REDACTED]'));
  });

  it.each([
    ["auth: { user: 'bob', pass: '@' }", 'hunter2'],
    ["auth: { user: 'bob', pass: '@' }", 'abcd efgh ijkl mnop'],
    ['{"user":"bob","pass":"@"}', 'hunter2'],
    ['{"user":"bob","pass":"@"}', 'two words'],
    ["    pass: '@',", 'hunter2'],
    ['export PASS="@"', 'two words'],
    ['smtp.pass = "@"', 'hunter2'],
    ['const pass := "@"', 'hunter2'],
  ])('redacts the quoted value of the name pass: %s', (text, secret) => {
    expect(redact(text.replace('@', secret))).toBe(text.replace('@', '[REDACTED]'));
  });

  it.each(['DB_PW=@ x', 'db_pw: @', '{"DB_PW":"@"}', 'export SSHPASS=@', 'SSHPASS="@" sshpass -e ssh host'])(
    'redacts the value of a short name of a password: %s',
    (text) => {
      expect(redact(text.replace('@', 'hunter'))).toBe(text.replace('@', '[REDACTED]'));
    },
  );

  it.each([
    ['{"env":[{"name":"DB_PASSWORD","value":"@"},{"name":"PORT","value":"80"}]}'],
    ["[ { name: 'DB_PASSWORD', value: '@' } ]"],
    ['{"m":"{\\"name\\": \\"apiKey\\", \\"value\\": \\"@\\"}"}'],
    ['{"ParameterKey":"DbPassword","ParameterValue":"@"},{"Key":"a","Value":"b"}'],
    ['<property name="password" value="@"/>'],
    ["<add key='Smtp.Password' value='@' />"],
    ['{"value":"@","name":"DB_PASSWORD"},{"value":"80","name":"PORT"}'],
    ["[ { value: '@', name: 'DB_PASSWORD' } ]"],
    ['{"m":"{\\"value\\": \\"@\\", \\"name\\": \\"apiKey\\"}"}'],
    ['{"ParameterValue":"@","ParameterKey":"DbPassword"}'],
    ['<property value="@" name="password"/>'],
    ['{name: DB_PASSWORD, value: "@"}'],
    ['{value: "@", name: DB_PASSWORD}'],
  ])('redacts the value of a pair with the name of a secret: %s', (text) => {
    expect(redact(text.replace('@', 'abc hunter2'))).toBe(text.replace('@', '[REDACTED]'));
  });

  it.each([
    ['env: [{name: DB_PASSWORD, value: @}, {name: PORT, value: 80}]'],
    ['env: [{value: @, name: DB_PASSWORD}, {value: 80, name: PORT}]'],
    ['{Name:DB_PASSWORD Value:@ ValueFrom:nil} {Name:PORT Value:80 ValueFrom:nil}'],
    ['{"name":"DB_PASSWORD","value":@,"x":1}'],
    ['name=db-password value=@'],
  ])('redacts the value without quotes of a pair with the name of a secret: %s', (text) => {
    expect(redact(text.replace('@', 'hunter2'))).toBe(text.replace('@', '[REDACTED]'));
  });

  it.each([
    ['name=FOO value=8080 name=API_TOKEN value=@', 'abc123'],
    ['ParameterKey=Port,ParameterValue=8080 ParameterKey=DbPassword,ParameterValue=@', 'hunter2'],
    ['{"key":"a","value":"@","name":"DB_PASSWORD"}', 'hunter2'],
    ['{"value":"@","name":"DB_PASSWORD"}', 'Zq9hunter7Kx2'],
    ['{name: DB_PASSWORD, value: @}', 'Zq9hunter7Kx2'],
    ['{value: @, name: API_TOKEN}', 'Zq9hunter7Kx2'],
    ['{Name:API_TOKEN Value:@ ValueFrom:nil}', 'Zq9hunter7Kx2'],
    ['{Value:@ Name:token}', 'Zq9hunter7Kx2'],
    ["{ name: 'token', value: '@' }", 'abc'],
    ["{ value: '@', name: 'apiKey' }", 'abc'],
    ['{"value":"@","name":"token"}', 'abc'],
    ['{"variablename":"DB_PASSWORD","value":"@"}', 'abc'],
    ['{variable_name: DB_PASSWORD, value: @}', 'abc'],
    ['<add value="@" key="token"/>', 'abc'],
  ])('redacts the value of a pair, and leaves that of another one alone: %s', (text, secret) => {
    expect(redact(text.replace('@', secret))).toBe(text.replace('@', '[REDACTED]'));
  });

  // docs/logs.md lists these under "Not found".
  it.each([
    '{value: hun,ter2, name: DB_PASSWORD}',
    '{value: a]b2, name: DB_PASSWORD}',
    '{value: correct horse, name: DB_PASSWORD}',
    "{value: it's-hunter2, name: DB_PASSWORD}",
    '{value: hun{ter2, name: DB_PASSWORD}',
    'value=80 name=PORT value=hunter2 name=DB_PASSWORD',
  ])('does not find where a value without quotes belongs to the name after it: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  it('leaves the end of a quoted value to the quotes, however deep they are escaped', () => {
    const value = fc.string({ unit: fc.constantFrom('a', '"', '\\', "'", '\n', '/', '&', '<', '%', '4') });
    fc.assert(
      fc.property(value, fc.nat({ max: 3 }), (secret, depth) => {
        let line = JSON.stringify({ password: `Zq${secret}Zq`, other: 'text' });
        for (let count = 0; count < depth; count += 1) line = JSON.stringify({ line });
        expect(redact(line)).toMatch(/password\\*":\\*"\[REDACTED\]\\*",\\*"other\\*":\\*"text\\*"/);
      }),
    );
  });

  it.each([
    "CREATE ROLE app LOGIN PASSWORD '@'",
    "create user app with encrypted password '@' superuser;",
    "ALTER ROLE app WITH PASSWORD '@';",
    "CREATE USER 'app'@'%' IDENTIFIED BY '@' REQUIRE SSL",
    "GRANT ALL ON db.* TO 'app' IDENTIFIED BY '@'",
    'ALTER USER app IDENTIFIED WITH caching_sha2_password BY "@"',
    '{"query":"ALTER USER \\"app\\"\\n  PASSWORD \'@\'","ms":2}',
    "CREATE USER MAPPING FOR app SERVER db OPTIONS (user 'bob', password '@')",
  ])('redacts the password of a statement of SQL: %s', (text) => {
    const index = text.lastIndexOf('@');
    const withText = (value: string) => text.slice(0, index) + value + text.slice(index + 1);
    expect(redact(withText("it''s hunter2"))).toBe(withText('[REDACTED]'));
  });

  it.each([
    "  WITH LOGIN PASSWORD '@';",
    "    PASSWORD '@' VALID UNTIL 'infinity';",
    "  login encrypted password '@';",
    "  NOSUPERUSER PASSWORD '@';",
    "  identified by '@',",
    "  b IDENTIFIED WITH caching_sha2_password BY '@';",
    "  'app' IDENTIFIED BY PASSWORD '@';",
  ])('redacts the password on a later line of a statement of SQL: %s', (text) => {
    expect(redact(text.replace('@', "it''s hunter2"))).toBe(text.replace('@', '[REDACTED]'));
  });

  it.each([
    "CREATE USER a IDENTIFIED BY '@', b IDENTIFIED BY '@'",
    "create user 'a' identified by '@', 'b' identified by '@' , c identified by '@' require ssl",
  ])('redacts the password of each user of a statement of SQL: %s', (text) => {
    expect(redact(text.replaceAll('@', 'hunter2'))).toBe(text.replaceAll('@', '[REDACTED]'));
  });

  it.each([
    `whsec_${'c9f3a1b2'.repeat(8)}`,
    `npm_${'a1B2'.repeat(9)}`,
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'whsec_plJ3nmyCDGBKInavdOK15jsl/x+3Yz0q==',
    'sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz',
    // Encrypted directly, without a key of its own (RFC 7518, section 4.5).
    'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aXZpdml2aXZpdg.hunter2hunter2.dGFndGFn',
    'eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMjU2R0NNIn0.QWxsb3dlZEtleQ.aXZpdml2aXZpdg.hunter2.dGFndGFn',
    'ghs_123456_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.hunter2hunter2',
    // With a detached payload (RFC 7515, appendix F).
    'eyJhbGciOiJIUzI1NiJ9..dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P',
    ...['pat', 'dt', 'rt', 'rtr', 'cbt', 'ptt', 'ft', 'imt', 'agent', 'soat', 'oas', 'ffct'].map(
      (kind) => `gl${kind}-${'a1B2_'.repeat(4)}`,
    ),
    // Routable: the version and a checksum follow the token.
    `glpat-${'a1B2-'.repeat(6)}.01.0a1b2c3d4`,
    ...['hvs', 'hvb', 'hvr'].map((kind) => `${kind}.${'a1B2'.repeat(6)}`),
    ...['shpat', 'shpca', 'shppa', 'shpss'].map((kind) => `${kind}_${'a1b2'.repeat(8)}`),
    ...['api', 'auth', 'client', 'scim', 'webhook'].map(
      (kind) => `tskey-${kind}-kA1B2c3CNTRL-${'a1B2'.repeat(8)}`,
    ),
    `dckr_pat_${'a1-B2'.repeat(5)}`,
    `dckr_oat_${'a1_B2'.repeat(6)}`,
    `AGE-SECRET-KEY-1${'A2'.repeat(29)}`,
    `sha256~${'a1B2-_'.repeat(7)}c`,
    `glsa_${'a1B2'.repeat(8)}_0a1b2c3d`,
    ...['pt', 'st', 'ct', 'sa', 'scim', 'audit'].map((kind) => `dp.${kind}.${'a1B2'.repeat(10)}`),
    `dp.st.dev_api.${'a1B2'.repeat(10)}`,
    `pul-${'a1b2'.repeat(10)}`,
    `a1B2c3D4e5F6g7.atlasv1.${'a1B2-='.repeat(11)}`,
  ])('redacts the whole token %s', (token) => {
    expect(redact(`using ${token}, ok`)).toBe('using [REDACTED], ok');
    expect(redact(`{"m":"using\\n${token}"}`)).toBe('{"m":"using\\n[REDACTED]"}');
  });

  it.each([
    'Unseal Key 1: @',
    'Unseal Key: @',
    'Recovery Key 5: @',
    '{"m":"started\\nUnseal Key 1: @\\nUnseal"}',
  ])('redacts a key that Vault prints: %s', (text) => {
    const key = `${'hVx+/9Zq'.repeat(5)}abc=`;
    expect(redact(text.replace('@', key))).toBe(text.replace('@', '[REDACTED]'));
  });

  it.each([
    'API key: @',
    'Your API Key = @ (keep it)',
    'Secret Access Key: @',
    '   S3 Secret Key: @',
    'Secret key base: @',
    '<API key: @ >',
    '<account key="5"> secret key="@"',
    '{"API Key":"@","x":1}',
    '{"name":"API Key","value":"@"}',
  ])('redacts the value of a name with a space: %s', (text) => {
    const secret = '850181e4652dd023';
    expect(redact(text.replace('@', secret))).toBe(text.replace('@', '[REDACTED]'));
  });

  it.each([
    ['{"credentials":{"password": "hunter2"},"error":"x"}', '{"credentials":[REDACTED],"error":"x"}'],
    ['{"token":["a"],"error":"db_down"}', '{"token":[REDACTED],"error":"db_down"}'],
    ['"password": ["a b", "c"], "error": "x"', '"password": [REDACTED], "error": "x"'],
    ['{"m":"{\\"token\\":[\\"a\\"],\\"n\\":1}"}', '{"m":"{\\"token\\":[REDACTED],\\"n\\":1}"}'],
    ['{"credentials":{"db":{"password": "correct horse"}}}', '{"credentials":[REDACTED] "[REDACTED]"}}}'],
    // Quoted, it is no list.
    ['{"password":"{a}b","x":1}', '{"password":"[REDACTED]","x":1}'],
    ['token: [INFO] started', 'token: [INFO] started'],
  ])('redacts a list or object of secrets, and the secrets in it: %s', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it.each([
    ['spring.security.user.password=@', '{noop}hunter2secret'],
    ['spring.security.user.password=@', '{bcrypt}$2a$10$dXJ3SW6G7P50lGmMkkmwe'],
    ['userPassword: @', '{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g='],
    ['DB_PASSWORD=@', '[x9]Kd82hunter'],
    ['DB_PASSWORD=@ B=2', '{x9},Kd82hunter'],
    ['token: @', '{x}abc12345678'],
    ['token=@', '{}abc12345678'],
    ['api_key: @', '[ax7]hZhxZ'],
    ['"api_key":@', '[]abc1234567'],
    ['https://x/y?a=1&_auth=@&b=2', '{bkxx}h"]h9abc'],
    ['{"password":@}', '["hunter2]tail"]'],
    ["{'secret': @}", "['hunter2]tail']"],
    ["{'user': 'bob', 'apiKey': @, 'x': 1}", `['3b"9x],x3\\'x]7b {[}']`],
    ['{"credentials":@,"e":"x"}', '{"value":"a}hunter2 b"}'],
    ['{"credentials":@,"e":"x"}', '["p]w,hunter2"]'],
    ['{"passwords":{"password":"@"},"e":"x"}', 'a}hunter2'],
    ['{"m":"{\\"password\\":@,\\"n\\":1}"}', '[\\"a]hunter2 b\\"]'],
    // The names after a list, and in an object, have values of their own.
    ['PWD=@;x', '{a};TOKEN={hunter2 b}'],
    ['{"credentials":@}}}', '{"db":{"token":["a hunter2"]'],
    ['credentials={@}', "it's hunter2", 'credentials=[REDACTED]'],
  ])(
    'redacts a value with brackets up to its end: %s',
    (text, secret, expected = text.replace('@', '[REDACTED]')) => {
      expect(redact(text.replace('@', () => secret))).toBe(expected);
    },
  );

  it.each([
    ['{"model":"x","max_token":@,"messages":["hi"],"error":"rate_limited"}', '4096'],
    ['{"user":"bob","password":@}', '1234'],
    ['{"password": @, "error": "db_down"}', '-1.5e3'],
    ['{"m":"{\\"password\\":@,\\"error\\":\\"db_down\\"}"}', '1234'],
    ['  "password": @,', '1234'],
    // None of these is a number of JSON: the comma may be a part of the secret.
    ['"password": @', '1234,hunter2'],
    ['"password":@', 'null,hunter2'],
    ['"password":@', '1234}hunter2'],
  ])('redacts a number of JSON, and nothing after it: %s', (text, secret) => {
    expect(redact(text.replace('@', secret))).toBe(text.replace('@', '[REDACTED]'));
  });

  it.each([
    '{"token":null,"error":"db_down","code":500}',
    '{"level":"error","access_token":null,"msg":"connect ECONNREFUSED","port":5432}',
    '{"password":false,"msg":"invalid_grant","x":[{"secret":true}]}',
    '{"m":"{\\"token\\":null,\\"error\\":\\"db_down\\"}"}',
    '{"password"=>nil,"error"=>"db_down"}',
    "{'password':None,'error':'db_down'}",
    '  "password": null,',
  ])('leaves a value that is no secret, and the members after it, alone: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  it.each([
    'SyntaxError: Unexpected token: punc (})',
    'error: invalid API key: check the settings',
    '✓ basic src/components/Button.test.tsx (3 tests)',
    'running basic tests/unit/test_basic.py',
    'Basic troubleshooting.',
    'basic internationalization and basic authentication-middleware',
    'npm_package_dependencies_react_dom_version_xx=1',
    'npm_lifecycle_event_of_some_long_name_here_12',
    'PWD=/srv/app',
    'HOME=/root OLDPWD=/srv PWD=/srv/my-app@2 TERM=xterm',
    'declare -x PWD="/srv/app"',
    '{"PWD":"/srv/app","OLDPWD":"/srv"} ["PWD=/srv","X=1"]',
    `PWD=/srv/${'packages/'.repeat(10)} TERM=xterm`,
    '{"msg":"env PWD=/srv","level":1} env: PWD=/srv, HOME=/root',
    '<access key="main"/>',
    '<account key="user_id">5</account> <my:account key="x">',
    '<shared key="theme1" value="dark"/>',
    '<Account key={account.id} name="x" />',
    '&lt;access key="main"/&gt; {"m":"\\u003caccess key=\\"main\\"/\\u003e"}',
    'allowedHeaders: ["authorization", "content-type", "cookie", "x-a"]',
    '["cookie", "a comment = b", "authorization", "basic"]',
    "create user form asks for a password and shows 'Sign up'",
    "the role 'admin' may alter user passwords by 'hand'",
    "expected field password 'must be set'",
    'error: private key = wrong format',
    'docker run --private key1 --access key12345',
    'error: expected token == other',
    'const token = getToken();',
    'max_tokens=4096 token_count=3',
    'reading PASSWORD_FILE=/run/secrets/x',
    'ssh://git@github.com/x and https://example.com:8080/a@b',
    'Basic usage: run the tests',
    'GET http://127.0.0.1:10350/?page=2&sort=name 200',
    'monkey=5 keyboard: us',
    'enter a password and a token to continue',
    'task-token passes the auth step',
    'usage: login <token> [options]',
    '{"name":"DB_PASSWORD","valueFrom":{"secretKeyRef":{"name":"db","key":"password"}}} "value":"x"',
    '{"name":"token_count","value":"5"} {"name":"a","value":"b"}',
    '{"value":"5","name":"token_count"} {"value":"80","name":"PORT"},{"name":"DB_PASSWORD","valueFrom":1}',
    '{name: PORT, value: 80}, {name: DB_PASSWORD, valueFrom: {}} {value: 5, name: password_hint}',
    'error: invalid value: "abc", name: "token" is reserved',
    'error TS2345: value: string, name: accessToken',
    'error TS2345: name: accessToken, value: string',
    'return value = foo; key = token',
    'Key: token Value: 12',
    'hostname=token value=5',
    'value=5 hostname=token',
    'name=token multivalue=5',
    'expected value: 5, key: next_token',
    '{"name":"max_token","value":4096} {"value":true,"name":"use_token"}',
    'run ["login", "--password-stdin", "x"] ["--no-token"] "x"',
    "password: '', token: '' and PASSWORD='' SECRET=\"\" x",
    '<password type="x"/>text</a> <password />text</a>',
    '<input type="password" name="x">Label</input>',
    'const cookie = parse(header); cookie => cookie.name === "a"',
    'cookie: none, cookies = ["a", "b"]',
    'authorization failed: "x"',
    'C:\\new\\token\\build and {"path":"src\\/token\\/a.ts","m":"a\\tb: 50%20"}',
    "Unexpected token: 'x'",
    'main.js (1:5) token: "class" is reserved',
    "['http://a:80','b@c'] {'url':'http://a:80','to':'b@c'}",
    "connect 'http://a:80' 'b@c'",
    "no pod is identified by 'app=web'",
    "the pods, each identified by 'app=web', have no password",
    'Unseal Key Shares: 5, Recovery Key 1: not available',
    'image web@sha256:a1b2c3 and udp.st.example.com',
    'pass: 12',
    "    pass: 'adds numbers'",
    "all tests pass: 'yes'",
    '<suite pass="12" fail="0"/> {"pass":"true"} {"pass":12}',
    '--- PASS: TestLogin (0.00s)',
    'bash: sshpass: command not found',
    'upwards=5 e2e-pw: started',
    '{"m":"expected \\"token\\" but got \\"name\\"\\n"} &lt;token&gt;',
  ])('leaves prose and code alone: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  it.each([
    'failed to fetch oauth token: Post "https://auth.docker.io/token": EOF',
    'secret "app-credentials": forbidden',
    'open "/run/secrets/api_key": permission denied',
    'open "/run/secrets/db_password": permission denied',
    'container "user-auth": CrashLoopBackOff',
    'Error: "user-auth": CrashLoopBackOff',
    "no such secret 'db-password': not found",
    'Get "https://auth.docker.io/token": 404',
    '{"m":"open \\"/run/secrets/api_key\\": permission denied"}',
  ])('leaves an error after a quoted text that is not the name of a member alone: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  it.each([
    '{ "a": 1, "db password": @ }',
    '"api_key": @',
    'level=info "password": @',
    'api | "password": @,',
    '+  "password": @,',
    "{'x': ['y'], 'token': @}",
    '{"m":"{\\n  \\"token\\": @\\n}"}',
  ])('redacts the value without quotes of a quoted name that starts a member: %s', (text) => {
    expect(redact(text.replace('@', '1234'))).toBe(text.replace('@', '[REDACTED]'));
  });

  it.each([
    "thread 'auth::password::tests::verify' panicked at src/auth/password.rs:42:9",
    'test token::tests::parses_utf8 ... FAILED',
    'undefined method for Auth::Token ::Password::V1Strategy',
    'Get "http://user-auth:8080/healthz": dial tcp: connection refused',
    'Failed to pull image "localhost:5005/user-auth:tilt-1a2b3c4d5e6f": not found',
    'select "password"::text, token::varchar2000 from a',
  ])('leaves a path or an address that contains the name of a secret alone: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  it.each(['X-Auth: @', 'X-Auth:@', 'X-Auth=@', 'X-Auth:"@"', '{"x-auth":@}', 'map[X-Auth:[@]]', 'token:@'])(
    'redacts the value of a name that ends before its operator: %s',
    (text) => {
      expect(redact(text.replace('@', 'abcd12345'))).not.toContain('abcd12345');
    },
  );

  it.each([
    `EXECUTE 'select f(''http://a'',''http://bob:@@b'')'`,
    `x '"'"'http://a'"'"','"'"'http://bob:@@b'"'"'`,
    `['redis://bob@a','redis://bob:@@b']`,
    `http://host'postgres://bob:@@db`,
    'nats://a:4222,nats://bob:@@b:4222',
    'nats://x:y@a:4222,nats://bob:@@b:4222',
    'https://a|https://bob:@@b',
    '[http://a:80](http://bob:@@b)',
  ])('redacts the password of a URL behind another URL: %s', (text) => {
    expect(redact(text.replace('@@', 'hunter2@'))).toContain(text.split('@@')[0]?.slice(-10) ?? '');
    expect(redact(text.replace('@@', 'hunter2@'))).not.toContain('hunter2');
  });

  it.each([
    `{b'user': b'bob', b'password': b'@'}`,
    `{b'user': b'bob', b'token': b'@'}`,
    `{u'password': None, u'api_key': 1234@}`,
    '{"config/db/password": @, "a": 1}',
    '{"//registry.example.com/:_authToken": @}',
    '<   "db_password": @,',
    '│ "api_key": @',
    '[0]   "DB_PASSWORD": @',
    'api:dev:   "DB_PASSWORD": @',
    '2026-11-28T16:00:00Z   "DB_PASSWORD": @,',
    'config.yaml:12:  "DB_PASSWORD": @',
    `curl -H 'X-Shop-Auth:@1234' http://a`,
    'map[X-Api-Auth:@1234]',
    `password::'@'`,
    '"password"::"@"',
    'redis-cli --db-pass @',
    'app --db_pw @',
  ])('redacts the value of a member or header with a prefix: %s', (text) => {
    expect(redact(text.replace('@', 'abcdef'))).not.toContain('abcdef');
  });

  it.each([
    '{"secret/token":null,"status":500,"error":"db_down"}',
    '{"vault.hashicorp.com/role-secret":false,"status":500,"error":"db_down"}',
    'SyntaxError at 3:14 (token: "}")',
    "Parse error on line 3, token: '}'",
    "{ type: 'punctuation', token: '}' }",
    'checks: {"pass":"98.2%","fail":"1.8%"}',
    '{"pass":"12/12"}',
    '{"numPassed":3,"pass":"3 of 5","error":"timeout"}',
    '{"pass":"yes"}',
  ])('leaves a value that is a literal, a symbol or a result of tests alone: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  it('redacts only the number of a member whose name is a path', () => {
    expect(redact('{"secret/token":12345678,"error":"boom"}')).toBe(
      '{"secret/token":[REDACTED],"error":"boom"}',
    );
  });

  it('finds a secret within styles, and keeps the styles', () => {
    expect(redact('\u001b[1mPASS\u001b[31mWORD\u001b[0m=hun\u001b[32mter\u001b[0m2 end')).toBe(
      '\u001b[1mPASS\u001b[31mWORD\u001b[0m=[REDACTED]\u001b[32m\u001b[0m end',
    );
  });

  it('redacts the first capture group that took part, or the whole match of a pattern', () => {
    const redactor = createRedactor(['customer-(\\d+)|order-(\\d+)', '(?i)acme\\w*']);
    expect(redactor.redact('customer-12 order-34 for ACMEcorp')).toBe(
      'customer-[REDACTED] order-[REDACTED] for [REDACTED]',
    );
  });

  it('ignores an empty group, and redacts the rest of a line after 50 matches', () => {
    expect(createRedactor(['pin=(\\d*)']).redact('pin= pin=12')).toBe('pin= pin=[REDACTED]');
    expect(createRedactor(['x']).redact(`${'x.'.repeat(49)}x...`)).toBe(
      `${'[REDACTED].'.repeat(49)}[REDACTED]`,
    );
  });

  it.each([
    ['(a', /^Invalid redaction pattern "\(a": missing closing \).*Expected a regular expression of RE2\.$/],
    ['a(?=b)', /^Invalid redaction pattern "a\(\?=b\)": invalid or unsupported Perl syntax/],
    ['', /it is empty/],
    ['secret-\\w+|', /^Invalid redaction pattern "secret-.*": it matches the empty text\. Remove/],
    ['x*', /it matches the empty text/],
    ['\\b', /it matches the empty text/],
    ['$', /it matches the empty text/],
    ['[a-z]{0,900}$', /it has \d+ instructions; at most 1000 are allowed\. Lower the limits/],
    ['x'.repeat(1_001), /1001 characters; at most 1000 are allowed/],
  ])('rejects the pattern %s with its reason', (pattern, error) => {
    expect(() => createRedactor([pattern])).toThrow(error);
  });

  // A backtracking or quadratic search takes minutes for these lines: the test would time out.
  it.each([
    'token:',
    'token ',
    '://',
    '://a:',
    '://a:b@',
    '?token=',
    '&a',
    'eyJaaaaaaaa',
    'eyJaaaaaaaa.',
    'eyJaaaaaaaa..',
    '.eyJaaaaaaaa',
    'eyJaaaaaaaa-eyJ',
    'whsec_',
    '"cookie","a=',
    "cookie','a=",
    '"authorization","basic ',
    'create user ',
    "create user password '",
    'identified with ',
    '-eyJaaaaaaaa.',
    'Authorization: a ',
    'cookie: a',
    'bearer ',
    'password',
    '--password ',
    '-',
    '-----BEGIN RSA PRIVATE KEY-----',
    'SG.aaaaaaaaaaaaaaaa',
    '"',
    '\\',
    '\\\\\\\\n %20token: ',
    '\\u001b[1',
    '"name":"token","',
    '"name":"a_token","value":"',
    "name='",
    'value:',
    'value="',
    'value="a", ',
    "value='a',name=\"",
    'value:a,name:',
    'value:"\\',
    `value="${'a'.repeat(1_000)}`,
    `value="a"${' '.repeat(16)}`,
    'name:a_token,',
    'name:a_token,value:',
    'name:"token"value:',
    'name:token,value:"',
    "name:token,value:''",
    'value=x',
    'value=a name=pwd ',
    'name=a value=a name=pwd ',
    `${'value='.repeat(42)} name=${'password'.repeat(7)}xx `,
    `${'value='.repeat(42)},        ${'a'.repeat(27)}name=${'pwd'.repeat(21)}x `,
    `${'name='.repeat(20)} value=a name=pwd `,
    '--password","',
    '--password" ',
    '-a_',
    '--a_token a',
    "token=''",
    "token='\\''",
    "token='\"'\"'",
    '<token ',
    '<token a="x">',
    '<token><![CDATA[',
    '<token><![CDATA[x]]>',
    '&lt;token&gt;',
    'cookie=a="',
    "cookie: a=b','",
    'cookie: ["a=b","c=d",',
    '"cookie: a=b',
    "'cookie: a=b'",
    '"x cookie: a=b\\n',
    "a'a'a'a'cookie: a=b\n",
    '"cookie":"a=","',
    '"cookie":"a=b","c=d",',
    'authorization: a="b",',
    'authorization: a="',
    '"authorization: digest ',
    '"cookie: a=b,"',
    "'cookie: a={'",
    'authorization: digest a="',
    '&#3',
    '%26sig%3d',
    'token:\\"',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!',
    '_key',
    'api_',
    'a@',
    '\\u0041',
    '\\\\\\\\u005cu0041%41',
    'tok%65n:',
    '\\u003a\\u002f\\u002fa:b@',
    '"token":{',
    '"token":[x]',
    '"token":[\\" ',
    '"token":["\\ ',
    `"token":["'\\" `,
    "token={'",
    'token={}',
    'token={},"',
    '"password": {"token":"',
    "://a:b'c",
    "://''",
    "://a'\\''",
    "\npassword '",
    "with password '",
    "', a identified by ",
    "', identified with ",
    '\n',
    'IDENTIFIED BY ',
    'gldt-aaaaaaaaaaaaaaaaaaaa',
    'gldt-aaaaaaaaaaaaaaaaaaaa.a.',
    '-gldt-a',
    'dp.st.a',
    'aaaaaaaaaaaaaa.atlasv1.',
    'tskey-api-',
    'unseal key 1: ',
    'recovery key',
    "pass='",
    "pass='''",
    'pass: "a b',
    'pass":',
    '_pw',
    '_pw: ',
    '"token": ',
    '{"a_token": ',
    '{      "     token":x',
    'token::',
    'password ::',
    '-auth:',
    '"-auth"::',
  ])('reads a line that repeats %s in linear time', (unit) => {
    const redactor = createRedactor(['(a+)+$', '(a|a)*b', '.*.*.*=.*c']);
    const text = unit.repeat(Math.ceil(50_000 / unit.length));
    expect(redactor.redact(text).length).toBeLessThan(text.length * 3);
  });

  it.each([
    'name:"token"value:',
    'name:token,value:"',
    'token:',
    'token: ',
    '&token=x',
    '?token=x&',
    '?a=b&',
    '&secret="',
    '<token>',
    '<a',
    ':x=>',
  ])('reads a megabyte that repeats %s in linear time', (unit) => {
    const text = unit.repeat(Math.ceil(1_000_000 / unit.length));
    expect(redact(text).length).toBeLessThan(text.length * 3);
  });

  it('never shows the value of an assignment, whatever is around it', () => {
    const around = fc.string({ unit: 'grapheme-ascii', maxLength: 20 });
    fc.assert(
      fc.property(around, fc.stringMatching(/^[a-z0-9]{12}$/), around, (before, secret, after) => {
        expect(redact(`${before} PASSWORD=Zq${secret} ${after}`)).not.toContain(`Zq${secret}`);
      }),
    );
  });
});
