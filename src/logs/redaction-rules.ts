import { COOKIE_START, HEADER_OPENING, selectHeader } from './header-value.js';
import { matchFrom, type Range } from './text-range.js';

/**
 * A kind of secret. The expression is global. It runs in linear time: a repetition is bounded, or nothing
 * that follows it in the expression can fail, or it can only start where a word starts.
 */
export interface RedactionRule {
  readonly expression: RegExp;
  /** Finds the secret of a match; null if it is prose. The search continues after both. */
  readonly select: (match: RegExpExecArray, text: string) => Range | null;
}

/** Words at the end of a name that holds a secret: `DB_PASSWORD`, `apiKey`, `X-Vault-Token`. */
const SECRET_NAME = [
  'passw(?:or)?d|passphrase|[_-]pass|pgpass|pwd|secret(?:[_-]?key(?:[_-]?base)?)?|token|credentials?',
  '(?:api|access|account|auth|encryption|master|private|shared|signing|webhook)[_-]?key|[_-]auth',
].join('|');

/** Names of parameters that are secrets only in a URL: signatures of Azure (`sig`) and AWS, for example. */
const PARAMETER_NAME = new RegExp(
  `(?:${SECRET_NAME}|sig|signature|auth|jwt|session(?:[_-]?id)?|assertion)$`,
  'i',
);

/** Tokens with a known form. */
const KNOWN_TOKENS = [
  String.raw`gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,}`,
  String.raw`(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{35}|ya29\.[\w-]{20,}|npm_\w{36}|pypi-[\w-]{50,}`,
  String.raw`[rs]k_(?:live|test)_\w{10,}|sk-[\w-]{20,}|dckr_pat_[\w-]{20,}|hv[bs]\.[\w-]{20,}`,
  String.raw`do[opr]_v1_\w{64}|SG\.[\w-]{16,128}\.[\w-]{16,}|hf_\w{30,}`,
  String.raw`eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*`,
].join('|');

/** A parameter of credentials (RFC 9110, section 11.4), such as `response="…"`. */
const AUTH_PARAMETER = String.raw`[\w-]{1,64}=(?:"[^"]*"|[^\s"'\\,]+)`;
const AUTH_PARAMETERS = String.raw`${AUTH_PARAMETER}(?:\s{0,8},\s{0,8}${AUTH_PARAMETER})*`;

/** Attributes of an element that is not empty (`/>`). */
const XML_ATTRIBUTES = String.raw`(?:\s[^<>]{0,1024})?(?<!/)`;

/** Text before an end tag: `<token>` alone may be prose. CDATA may extend over several lines. */
const XML_TEXT = String.raw`(\s{0,64}<!\[CDATA\[(?:(?!\]\]>)[^])*|[^<]+(?=</))`;

/** Between two arguments: of a command line, or of a list in JSON, Python or Go (`["-a" "b"]`). */
const ARGUMENT_BREAK = String.raw`(?:\s{1,64}|["']\s{0,8},?\s{0,8}(?=["']))`;

/** Between the name of a member or an attribute and its value. */
const PAIR_BREAK = String.raw`["']?\s{0,8}[:=]\s{0,8}`;

/** The member or attribute of a pair that names its value, without the quote that closes it. */
const PAIR_NAME = String.raw`(?<nameWord>name|key)(?<nameBreak>${PAIR_BREAK})(?<nameQuote>["']?)(?<namePrefix>[\w.-]{0,64})(?<name>${SECRET_NAME})`;

/**
 * Between the two members or attributes of a pair. Between values without quotes it is not empty, so that the
 * end of the first one is certain.
 */
const PAIR_SEPARATOR = String.raw`(?:(?<=["'])|\s{0,8},|\s)\s{0,8}["']?`;

/**
 * A value before the name of its pair. Its length is bounded, because the name may not follow. The look-ahead
 * takes a value without quotes as a whole: a search does not try all of its shorter forms.
 */
const PAIR_VALUE = String.raw`"(?:[^"\\]|\\[^]){1,1024}"|'(?:[^'\\]|\\[^]){1,1024}'|(?=(?<run>[^\s"',{}[\]]{1,256}))\k<run>(?![^\s"',{}[\]])`;

/**
 * Secrets that are always redacted. They are searched in the line and in the texts of `decodeEscapes`.
 *
 * - URLs: the password before the host (`https://user:secret@host`), a user of 20 characters or more (tokens
 *   are used as users), and parameters with the name of a secret (`?token=…`, `&X-Amz-Signature=…`).
 * - Headers: `Authorization` and `Proxy-Authorization`, `Cookie` and `Set-Cookie`, `Bearer` and `Basic` with
 *   a value of 16 characters or more.
 * - Assignments, members of JSON, command-line options (`--password hunter2`) and elements of XML
 *   (`<password>hunter2</password>`) whose name ends with `password`, `passwd`, `passphrase`, `pwd`,
 *   `secret`, `token`, `credential`, `api_key`, `access_key`, `private_key` and the like; also where name and
 *   value are members or attributes of their own, in any order (`{"name":"DB_PASSWORD","value":"hunter2"}`,
 *   `{name: DB_PASSWORD, value: hunter2}`).
 * - Tokens of a known form: GitHub, GitLab, Slack, AWS key ids, Google, npm, PyPI, Stripe, OpenAI and
 *   Anthropic, Docker Hub, Vault, DigitalOcean, SendGrid, Hugging Face, and JSON Web Tokens.
 * - Addresses of Slack webhooks.
 * - Private keys in PEM format, also over several lines.
 *
 * docs/logs.md lists what is not found.
 */
export const DEFAULT_RULES: readonly RedactionRule[] = [
  { expression: /:\/\/([^\s/?#"'<>]+)/g, select: selectUserInfo },
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
  { expression: /\b(?:bearer|basic)\s{1,8}([\w.~+/-]{16,}=*)/gi, select: selectLast },
  {
    expression: new RegExp(
      String.raw`(${SECRET_NAME})(["']?)(\s{0,64}(?::=|=>|[:=])\s{0,64})(\\{0,15}["'])?`,
      'gi',
    ),
    select: selectAssigned,
  },
  {
    expression: new RegExp(
      String.raw`(?<![\w-])--?(?:[\w-]{0,64}[_-])?(?:${SECRET_NAME})${ARGUMENT_BREAK}(\\{0,15}["']|(?=[^\s\-]))`,
      'gi',
    ),
    select: selectOpened,
  },
  {
    expression: new RegExp(
      String.raw`${PAIR_NAME}["']?${PAIR_SEPARATOR}(?<valueMember>\w{0,32}value)(?<valueBreak>${PAIR_BREAK})(?<opening>["']|(?=[^\s"',{}[\]]))`,
      'gi',
    ),
    select: selectPaired,
  },
  {
    expression: new RegExp(
      String.raw`value(?<valueBreak>${PAIR_BREAK})(?<value>${PAIR_VALUE})${PAIR_SEPARATOR}(?<namePart>\w{0,32})${PAIR_NAME}(?![\w.-])`,
      'gi',
    ),
    select: selectBeforeName,
  },
  {
    expression: new RegExp(String.raw`<[\w:.-]{0,64}(?:${SECRET_NAME})${XML_ATTRIBUTES}>${XML_TEXT}`, 'gi'),
    select: selectLast,
  },
  { expression: new RegExp(String.raw`(?<![\w-])(${KNOWN_TOKENS})`, 'g'), select: selectLast },
  { expression: /hooks\.slack\.com\/services\/([\w/-]+)/g, select: selectLast },
  { expression: /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(.+)/g, select: selectKey },
];

/**
 * Finds the texts that may hold a secret: no rule matches in any other. Most lines do not, and are not
 * searched further. The slashes of a URL may follow backslashes (`:\/\/` in JSON).
 */
export const HINT =
  /:\\{0,15}\/|pass|pwd|secret|token|credential|key|auth|cookie|bearer|basic|(?:sig|signature|jwt|session[_-]?(?:id)?|assertion)=|gh[pousr]_|github_pat_|glpat-|xox|xapp-|akia|asia|aiza|ya29\.|npm_|pypi-|k_live|k_test|sk-|dckr_pat_|hv[bs]\.|_v1_|sg\.|hf_|eyj|hooks\.slack/i;

/** The last group, at the end of the match. */
function selectLast(match: RegExpExecArray): Range {
  const end = match.index + match[0].length;
  return { start: end - (match.at(-1) ?? '').length, end };
}

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

/** Names whose value is always a secret, even after `: `. */
const PASSWORD = /^(?:pass|[_-]pass|pgpass|pwd)/i;

/** The value of an assignment or of a member of JSON; null if it is prose or a comparison. */
function selectAssigned(match: RegExpExecArray, text: string): Range | null {
  const [all, name = '', quote, operator, opening = ''] = match;
  const from = match.index + all.length;
  // Only the start of a value that is prose is read, because the search continues within it.
  const probe = text.slice(from, from + 64);
  const start = probe.slice(0, selectValue(probe, 0, opening).end);
  if (opening === '' && /^[=>]/.test(start)) return null;
  const isWord = /^token$/i.test(name) && !/[\w-]/.test(text[match.index - 1] ?? '');
  const isSure = quote !== '' || operator === '=' || PASSWORD.test(name) || (opening !== '' && !isWord);
  if (!isSure && !isLikeSecret(start)) return null;
  const isPart = opening === '' && isParameter(text, match.index);
  return isPart ? matchFrom(PARAMETER_VALUE, text, from) : selectValue(text, from, opening);
}

/** Whether a value has the form of a secret rather than of a word or a number of prose. */
function isLikeSecret(value: string): boolean {
  return value.length >= 8 && /\d/.test(value);
}

/** Whether a name is that of a parameter of a URL, whose value ends at the next parameter. */
function isParameter(text: string, index: number): boolean {
  return /(?:[?&]|\\u0026|%26)[\w.-]*$/.test(text.slice(Math.max(0, index - 64), index));
}

/** The value that the first group opens, at the end of the match. */
function selectOpened(match: RegExpExecArray, text: string): Range {
  return selectValue(text, match.index + match[0].length, match[1] ?? '');
}

/** The value after the name of its pair, at the end of the match; null if it is prose. */
function selectPaired(match: RegExpExecArray, text: string): Range | null {
  const { nameBreak = '', nameQuote, valueMember = '', valueBreak = '', opening = '' } = match.groups ?? {};
  if (!isQuoted(nameBreak) && !startsWord(text, match.index)) return null;
  if (!isQuoted(valueBreak) && !startsWord(valueMember, valueMember.length - 'value'.length)) return null;
  const from = match.index + match[0].length;
  const isSure = opening !== '' && (nameQuote !== '' || !isTokenWord(match));
  // Only the start of a value that may be prose is read, because the search continues within it.
  const probe = text.slice(from, from + 64);
  if (!isSure && !isPairSecret(match, probe.slice(0, selectMember(probe, 0, opening).end))) return null;
  return selectMember(text, from, opening);
}

/** The value of a member from an index: without quotes, up to the end of the member. */
function selectMember(text: string, start: number, opening: string): Range {
  return opening === '' ? matchFrom(FLOW_VALUE, text, start) : selectValue(text, start, opening);
}

/** The value before the name of its pair, without its quotes; null if it is prose or has a name before it. */
function selectBeforeName(match: RegExpExecArray, text: string): Range | null {
  const { namePart = '', nameWord = '', nameBreak = '', valueBreak = '', value = '' } = match.groups ?? {};
  const nameMember = namePart + nameWord;
  if (!isQuoted(nameBreak) && !startsWord(nameMember, namePart.length)) return null;
  if (!isQuoted(valueBreak) && !startsWord(text, match.index)) return null;
  const start = match.index + 'value'.length + valueBreak.length;
  const quote = /^["']/.test(value) ? 1 : 0;
  const range = { start: start + quote, end: start + value.length - quote };
  const isSure = quote > 0 && (isQuoted(nameBreak) || !isTokenWord(match));
  if (!isSure && !isPairSecret(match, text.slice(range.start, range.end))) return null;
  return hasNameBefore(text, match.index, nameMember) ? null : range;
}

/** Whether a value that may be prose is a secret: by its separators, the name of a password, or its form. */
function isPairSecret({ groups = {} }: RegExpExecArray, value: string): boolean {
  const { nameBreak, valueBreak, name = '' } = groups;
  return (nameBreak === '=' && valueBreak === '=') || PASSWORD.test(name) || isLikeSecret(value);
}

/** Whether the name of a pair is only `token`: prose about languages has this name as well. */
function isTokenWord({ groups = {} }: RegExpExecArray): boolean {
  return groups.namePrefix === '' && /^token$/i.test(groups.name ?? '');
}

/** Whether a member has quotes: the one that closes them is before its value. */
function isQuoted(pairBreak: string): boolean {
  return /^["']/.test(pairBreak);
}

/** Whether a word starts at an index, also within a longer one: `ParameterKey` and `env_key`, not `monkey`. */
function startsWord(text: string, index: number): boolean {
  const before = text[index - 1] ?? '';
  return !/[a-z0-9]/i.test(before) || (/[a-z0-9]/.test(before) && /[A-Z]/.test(text[index] ?? ''));
}

/** Length of the text that is searched for a name before a value. */
const NAME_BEFORE_LENGTH = 128;

/** The member that names the value after it, whatever its name is. */
const NAME_BEFORE = new RegExp(
  String.raw`(?<!\w)(\w{0,32}(?:name|key))${PAIR_BREAK}(?:${PAIR_VALUE})${PAIR_SEPARATOR}\w{0,32}$`,
  'i',
);

/**
 * Whether a value has a name before it already, as the first one of `name=A value=1 name=B value=2`. An object
 * has no member twice: in `{"key":"a","value":"b","name":"c"}` the value belongs to the name after it.
 */
function hasNameBefore(text: string, index: number, nameMember: string): boolean {
  const before = NAME_BEFORE.exec(text.slice(Math.max(0, index - NAME_BEFORE_LENGTH), index));
  return before?.[1]?.toLowerCase() === nameMember.toLowerCase();
}

/** The value from an index: up to the quote that closes it, or up to white space. */
function selectValue(text: string, start: number, opening: string): Range {
  const expression =
    opening === '' ? UNQUOTED : opening === '"' ? QUOTED : opening === "'" ? SINGLE_QUOTED : ESCAPED;
  return matchFrom(expression, text, start);
}

/** Up to the next parameter of a URL (JSON may have `\u0026` for `&`), or to its end in an attribute. */
const URL_VALUE = /(?:[^\s&#"'<>\\]|\\(?!u0026))*/y;
/** Up to the next parameter of a URL. */
const PARAMETER_VALUE = /(?:[^\s&#\\]|\\(?!u0026))*/y;
const UNQUOTED = /\S*/y;
/** Up to the end of a member of a YAML flow mapping, an object of JavaScript or a struct of Go. */
const FLOW_VALUE = /[^\s,}\]]*/y;
const QUOTED = /(?:[^"\\]|\\.)*/sy;
/** Quotes within are escaped by a backslash, doubled (YAML, SQL), or outside of the quotes (shells). */
const SINGLE_QUOTED = /(?:[^'\\]|'(?:\\'|"'")?'|\\.)*/sy;
/** The start of a value whose end is found in a text without escapes. */
const ESCAPED = /[^"'\\]*/y;

/** The key, up to its end in the same line. */
function selectKey(match: RegExpExecArray): Range {
  const { start, end } = selectLast(match);
  const close = (match[1] ?? '').lastIndexOf('-----END ');
  return { start, end: close < 0 ? end : start + close };
}
