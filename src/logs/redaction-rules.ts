import { ASSIGNMENT_RULES } from './assignment-rules.js';
import { COOKIE_START, HEADER_OPENING, LIST_OPENING, selectHeader } from './header-value.js';
import { PAIR_RULES } from './pair-rules.js';
import { OPTION_NAME, type RedactionRule, SECRET_NAME, selectValue } from './secret-form.js';
import { matchFrom, type Range } from './text-range.js';

/** Names of parameters that are secrets only in a URL: signatures of Azure (`sig`) and AWS, for example. */
const PARAMETER_NAME = new RegExp(
  `(?:${SECRET_NAME}|sig|signature|auth|jwt|session(?:[_-]?id)?|assertion)$`,
  'i',
);

/**
 * An apostrophe of a URL (RFC 3986, section 2.2): doubled (YAML, SQL), outside of the quotes (shells), or
 * after a letter or digit and before another one or "@". Others end a string: `['http://a:80','b@c']`.
 */
const APOSTROPHE = String.raw`'(?:\\'|"'")?'(?=[\w@])|(?<=\w)'(?=[\w@])`;

/**
 * JSON Web Tokens. Their second part may be empty: a detached payload (RFC 7515, appendix F), or an encrypted
 * token without a key (RFC 7516, five parts). Tokens of GitHub Apps may have one after their id.
 */
const JSON_WEB_TOKEN = String.raw`(?:ghs_\w{1,32}_)?eyJ[\w-]{8,}\.(?:[\w-]{8,})?\.[\w-]*(?:\.[\w-]*\.[\w-]+)?`;

/** Tokens with a known form. */
const KNOWN_TOKENS = [
  JSON_WEB_TOKEN,
  String.raw`gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,}`,
  String.raw`gl(?:pat|dt|rtr?|cbt|ptt|ft|imt|agent|soat|oas|ffct)-[\w-]{20,}(?:\.[\w-]+)*|glsa_\w{20,}`,
  String.raw`(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{35}|ya29\.[\w-]{20,}|npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,}`,
  String.raw`[rs]k_(?:live|test)_\w{10,}|whsec_[\w+/]{20,}=*|sb_secret_[\w-]{20,}|sk-[\w-]{20,}`,
  String.raw`dckr_[po]at_[\w-]{20,}|hv[bsr]\.[\w-]{20,}|do[opr]_v1_\w{64}|SG\.[\w-]{16,128}\.[\w-]{16,}|hf_\w{30,}`,
  String.raw`shp(?:at|ca|pa|ss)_[\da-fA-F]{32}|tskey-(?:api|auth|client|scim|webhook)-[\w-]{16,}`,
  String.raw`dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[\w-]{2,64}\.)?[A-Za-z0-9]{40,}|sha256~[\w-]{43}`,
  String.raw`pul-[\da-f]{40}|AGE-SECRET-KEY-1[A-Z0-9]{58}|[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,}`,
].join('|');

/** A parameter of credentials (RFC 9110, section 11.4), such as `response="…"`. */
const AUTH_PARAMETER = String.raw`[\w-]{1,64}=(?:"[^"]*"|[^\s"'\\,]+)`;
const AUTH_PARAMETERS = String.raw`${AUTH_PARAMETER}(?:\s{0,8},\s{0,8}${AUTH_PARAMETER})*`;

/** Start of credentials: a scheme (registered by IANA, or in wide use), then a space. */
const CREDENTIALS_START =
  '(?=(?:basic|bearer|token|digest|negotiate|dpop|hawk|oauth|apikey|signature|aws4-hmac-sha256)[ \\t])';

/** Attributes of an element that is not empty (`/>`). */
const XML_ATTRIBUTES = String.raw`(?:\s[^<>]{0,1024})?(?<!/)`;

/** Text before an end tag: `<token>` alone may be prose. CDATA may extend over several lines. */
const XML_TEXT = String.raw`(\s{0,64}<!\[CDATA\[(?:(?!\]\]>)[^])*|[^<]+(?=</))`;

/** A statement of PostgreSQL or MySQL that sets a password: only there it is no prose after white space. */
const SQL_STATEMENT = String.raw`(?:(?:create|alter)\s{1,8}(?:role|user)|grant)`;
const SQL_IDENTIFIED = String.raw`identified\s{1,8}(?:with\s{1,8}\S{1,64}\s{1,8})?by`;

/** Options of a role or a user before its password. */
const SQL_OPTION =
  '(?:with|by|(?:un)?encrypted|(?:no)?(?:login|superuser|createdb|createrole|inherit|replication|bypassrls))';

/** A later line of such a statement: the password starts it, or follows another option. */
const SQL_LATER_PASSWORD = String.raw`(?:^\s{0,64}|\b${SQL_OPTION}\s{1,8})password`;

/** The same for a user, who starts the line or follows the password of another one. Elsewhere it is prose. */
const SQL_LATER_USER = String.raw`(?:^\s{0,64}|["']\s{0,8},\s{0,8}\S{1,128}\s{1,8})${SQL_IDENTIFIED}`;

/** Between two arguments: of a command line, or of a list in JSON, Python or Go (`["-a" "b"]`). */
const ARGUMENT_BREAK = String.raw`(?:\s{1,64}|["']\s{0,8},?\s{0,8}(?=["']))`;

/**
 * Secrets that are always redacted. They are searched in the line and in the texts of `decodeEscapes`.
 *
 * - URLs: the password before the host (`https://user:secret@host`), a user of 20 characters or more (tokens
 *   are used as users), and parameters with the name of a secret (`?token=…`, `&X-Amz-Signature=…`).
 * - Headers: `Authorization` and `Proxy-Authorization`, `Cookie` and `Set-Cookie`, `Bearer` and `Basic` with
 *   a value of 16 characters or more, which for `Basic` has to encode a user and a password,
 *   unless it follows an operator.
 * - Assignments, members of JSON, command-line options (`--password hunter2`) and elements of XML
 *   (`<password>hunter2</password>`) whose name ends with `password`, `passwd`, `passphrase`, `pwd`,
 *   `secret`, `token`, `credential`, `api_key`, `access key`, `privateKey` and the like; also where name and
 *   value are members or attributes of their own, in any order (`{"name":"DB_PASSWORD","value":"hunter2"}`,
 *   `{name: DB_PASSWORD, value: hunter2}`).
 * - Assignments and members with the name `pass` and a quoted value.
 * - Statements of SQL that set the password of a role or a user, also over several lines.
 * - Tokens of a known form: GitHub, GitLab, Slack, AWS key ids, Google, npm, PyPI, Stripe, Supabase, OpenAI
 *   and Anthropic, Docker Hub, Vault, DigitalOcean, SendGrid, Hugging Face, Shopify, Tailscale, age,
 *   OpenShift, Grafana, Doppler, Pulumi, Terraform, and JSON Web Tokens.
 * - Keys that Vault prints to unseal it (`Unseal Key 1: …`).
 * - Addresses of Slack webhooks.
 * - Private keys in PEM format, also over several lines.
 *
 * docs/logs.md lists what is not found.
 */
export const DEFAULT_RULES: readonly RedactionRule[] = [
  {
    // Up to the next URL of a list: `nats://a:4222,nats://b:4222`.
    expression: new RegExp(String.raw`://((?:[^\s/?#"'<>:]|:(?!//)|${APOSTROPHE})+)`, 'g'),
    select: selectUserInfo,
  },
  {
    expression: /[?&;]([\w.-]{1,128})=/g,
    select: (match, text) =>
      PARAMETER_NAME.test(match[1] ?? '') ? matchFrom(URL_VALUE, text, match.index + match[0].length) : null,
  },
  {
    expression: new RegExp(
      String.raw`authorization${HEADER_OPENING}(?=(?:digest|aws4-hmac-sha256)[ \t])`,
      'gi',
    ),
    select: selectHeader,
  },
  {
    expression: new RegExp(
      String.raw`authorization${HEADER_OPENING}((?:[a-z][\w-]{0,30}[ \t]{1,4})?(?:${AUTH_PARAMETERS}|[^\s"'\\,]+))`,
      'gi',
    ),
    select: selectLast,
  },
  {
    expression: new RegExp(`cookie${HEADER_OPENING}${COOKIE_START}`, 'gi'),
    select: selectHeader,
  },
  {
    expression: new RegExp(`cookie${LIST_OPENING}${COOKIE_START}`, 'gi'),
    select: selectHeader,
  },
  {
    expression: new RegExp(`authorization${LIST_OPENING}${CREDENTIALS_START}`, 'gi'),
    select: selectHeader,
  },
  { expression: /\bbearer\s{1,8}([\w.~+/-]{16,}=*)/gi, select: selectLast },
  { expression: /\bbasic\s{1,8}([\w.~+/-]{16,}=*)/gi, select: selectBasic },
  ...ASSIGNMENT_RULES,
  {
    expression: new RegExp(
      String.raw`(?<![\w-])--?(?:[\w-]{0,64}[_-])?(?:${OPTION_NAME}|pass|pw)${ARGUMENT_BREAK}(\\{0,15}["']|(?=[^\s\-]))`,
      'gi',
    ),
    select: selectOpened,
  },
  {
    expression: new RegExp(
      String.raw`\b${SQL_STATEMENT}\s[^;]{0,256}?\b(?:password|${SQL_IDENTIFIED})\s{1,8}(\\{0,15}["'])`,
      'gi',
    ),
    select: selectOpened,
  },
  {
    expression: new RegExp(
      String.raw`(?:${SQL_LATER_PASSWORD}|${SQL_LATER_USER})\s{1,8}(\\{0,15}["'])`,
      'gim',
    ),
    select: selectOpened,
  },
  {
    // Prose is not in capitals.
    expression: /\bIDENTIFIED\s{1,8}(?:WITH\s{1,8}\S{1,64}\s{1,8})?BY\s{1,8}(\\{0,15}["'])/g,
    select: selectOpened,
  },
  ...PAIR_RULES,
  {
    expression: new RegExp(String.raw`<[\w:.-]{0,64}(?:${SECRET_NAME})${XML_ATTRIBUTES}>${XML_TEXT}`, 'gi'),
    select: selectLast,
  },
  { expression: new RegExp(String.raw`(?<![\w-])(${KNOWN_TOKENS})`, 'g'), select: selectLast },
  {
    expression: /\b(?:unseal|recovery)\s{1,8}key(?:\s{1,8}\d{1,3})?:\s{1,8}([\w+/]{32,}={0,2})/gi,
    select: selectLast,
  },
  { expression: /hooks\.slack\.com\/services\/([\w/-]+)/g, select: selectLast },
  { expression: /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(.+)/g, select: selectKey },
];

/**
 * Finds the texts that may hold a secret: no rule matches in any other. Most lines do not, and are not
 * searched further. The slashes of a URL may follow backslashes (`:\/\/` in JSON).
 */
export const HINT =
  /:\\{0,15}\/|pass|pwd|_pw|secret|token|credential|key|auth|cookie|bearer|basic|identified|(?:sig|signature|jwt|session[_-]?(?:id)?|assertion)=|gh[pousr]_|github_pat_|gl[a-z]{2,5}-|glsa_|xox|xapp-|akia|asia|aiza|ya29\.|npm_|pypi-|k_live|k_test|whsec_|sk-|dckr_[po]at_|hv[bsr]\.|shp(?:at|[cp]a|ss)_|pul-|dp\.[a-z]{2,5}\.|sha256~|atlasv1|_v1_|sg\.|hf_|eyj|hooks\.slack/i;

/** The last group, at the end of the match. */
function selectLast(match: RegExpExecArray): Range {
  const end = match.index + match[0].length;
  return { start: end - (match.at(-1) ?? '').length, end };
}

/**
 * Credentials of the Basic scheme: a user without controls, a colon, a password (RFC 7617, section 2). After
 * an operator it is a scheme whatever follows it: some services take a key without a colon.
 */
function selectBasic(match: RegExpExecArray, text: string): Range | null {
  if (AFTER_OPERATOR.test(text.slice(Math.max(0, match.index - 24), match.index))) return selectLast(match);
  const [encoded = ''] = /^[\w+/-]*/.exec(match[1] ?? '') ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  const colon = bytes.indexOf(':');
  const isText = bytes.subarray(0, Math.max(0, colon)).every((byte) => byte >= 0x20 && byte !== 0x7f);
  return colon >= 0 && isText ? selectLast(match) : null;
}

/** Before a value, also in a list (`map[X-Auth:[Basic …]]`). */
const AFTER_OPERATOR = /(?:=>|[:=])\s{0,8}\[?\s{0,8}["'`]?$/;

/** Length of a user that is a token. */
const MIN_TOKEN_USER = 20;

/** The password of a URL, with a user that may be a token. A password may contain "@". */
function selectUserInfo(match: RegExpExecArray): Range | null {
  const { start } = selectLast(match);
  const info = (match[1] ?? '').slice(0, Math.max(0, (match[1] ?? '').lastIndexOf('@')));
  const colon = info.indexOf(':');
  const user = colon < 0 ? info : info.slice(0, colon);
  if (user.length >= MIN_TOKEN_USER) return { start, end: start + info.length };
  return colon < 0 ? null : { start: start + colon + 1, end: start + info.length };
}

/** The value that the first group opens, at the end of the match. */
function selectOpened(match: RegExpExecArray, text: string): Range {
  return selectValue(text, match.index + match[0].length, match[1] ?? '');
}

/** Up to the next parameter of a URL (JSON may have `\u0026` for `&`), or to its end in an attribute. */
const URL_VALUE = /(?:[^\s&#"'<>\\]|\\(?!u0026))*/y;

/** The key, up to its end in the same line. */
function selectKey(match: RegExpExecArray): Range {
  const { start, end } = selectLast(match);
  const close = (match[1] ?? '').lastIndexOf('-----END ');
  return { start, end: close < 0 ? end : start + close };
}
