/** A kind of secret. */
export interface RedactionRule {
  /**
   * Regular expression of RE2. The secret is its first capture group that took part, else the whole match.
   */
  readonly pattern: string;
  /** Matches every text that the pattern matches, in less time: an alternation of words, without repetition. */
  readonly hint: RegExp;
  /** Whether a match is a secret rather than prose. Default: it is. */
  readonly accept?: (secret: string) => boolean;
}

/** Word at the end of a name that holds a secret: `DB_PASSWORD`, `apiKey`, `X-Vault-Token`. */
const SECRET_NAME = [
  `passw(?:or)?d|passphrase|[_-]pass|pgpass|pwd|secret(?:[_-]?key(?:[_-]?base)?)?|token|credentials?`,
  `(?:api|access|account|auth|encryption|master|private|shared|signing|webhook)[_-]?key|[_-]auth`,
].join('|');
const SECRET_NAME_HINT = /passw|passphrase|[_-]pass|pgpass|pwd|secret|token|credential|key|[_-]auth/i;

/** Names that the parameters of a URL add. `sig` is a signature of Azure, `X-Amz-Signature` of AWS. */
const PARAMETER_NAME = `${SECRET_NAME}|sig|signature|auth|jwt|session(?:[_-]?id)?|assertion`;

/** Value up to its quote, also with escaped quotes (JSON within JSON), or up to a space. */
const VALUE = String.raw`(?:\\+"([^"\\]+)|"((?:[^"\\]|\\.)+)|'([^']+)|([^\s"'\\]\S*))`;

/**
 * Secrets that are always redacted:
 *
 * - URLs: the password in front of the host (`https://user:secret@host`), a user of 20 characters or more
 *   (tokens are used as users), and parameters with the name of a secret (`?token=…`, `&X-Amz-Signature=…`).
 * - Headers: `Authorization` and `Proxy-Authorization`, `Cookie` and `Set-Cookie`, `Bearer` and `Basic` with a
 *   value of 16 characters or more.
 * - Assignments and options whose name ends with `password`, `passwd`, `passphrase`, `pwd`, `secret`, `token`,
 *   `credential`, `api_key`, `access_key`, `private_key` and the like, with `=` or `:`, quoted or not, as
 *   members of JSON (also within a JSON string), and as command-line options (`--password hunter2`).
 * - Tokens with a known form: GitHub, GitLab, Slack, AWS key ids, Google, npm, PyPI, Stripe, OpenAI and
 *   Anthropic, Docker Hub, Vault, DigitalOcean, SendGrid, Hugging Face, and JSON Web Tokens.
 * - Private keys in PEM format, also over several lines.
 *
 * Not found: secrets without a name or a known form (`echo hunter2`); a password with `/`, `?` or `#` in a
 * URL; an unquoted value after `:` that has no digit or less than 8 characters, unless the name is that of a
 * password (`unexpected token: name` is an error of a compiler); plural names (`tokens`) and names that
 * continue after the word (`token_count`, `PASSWORD_FILE`); secrets in an encoding other than plain text; the
 * lines of a private key whose first line was dropped; secrets that extend over several lines otherwise.
 */
export const DEFAULT_RULES: readonly RedactionRule[] = [
  { pattern: String.raw`://[^\s/?#:@"'<>]*:([^\s/?#"'<>]+)@`, hint: /:\/\// },
  { pattern: String.raw`://([^\s/?#:@"'<>]{20,})(?::[^\s/?#"'<>]*)?@`, hint: /:\/\// },
  {
    pattern: String.raw`(?i)[?&;](?:[\w.-]*[\w.-])??(?:${PARAMETER_NAME})=([^\s&#"'<>]+)`,
    hint: /[?&;]/,
  },
  {
    pattern: String.raw`(?i)authorization\\*["']?\s*[:=]\s*\\*["']?((?:digest|aws4-hmac-sha256)\s[^\r\n]+|(?:[a-z]\w*\s+)?[^\s"'\\,]+)`,
    hint: /authorization/i,
  },
  {
    pattern: String.raw`(?i)cookie\\*["']?\s*[:=]\s*\\*["']?([\w!#$%&*+.^|~-]+=[^"'\\]+)`,
    hint: /cookie/i,
  },
  { pattern: String.raw`(?i)\b(?:bearer|basic)\s+([\w.~+/-]{16,}=*)`, hint: /bearer|basic/i },
  {
    pattern: String.raw`(?i)(?:^|[^\w.?&-])[\w.-]*?(?:${SECRET_NAME})\\*["']?\s*=\s*${VALUE}`,
    hint: SECRET_NAME_HINT,
  },
  {
    pattern: String.raw`(?i)(?:passw(?:or)?d|passphrase|pwd|[_-]pass)\\*["']?\s*:\s*${VALUE}`,
    hint: /passw|passphrase|pwd|[_-]pass/i,
  },
  {
    pattern: String.raw`(?i)(?:${SECRET_NAME})\\*["']\s*:\s*${VALUE}`,
    hint: SECRET_NAME_HINT,
  },
  {
    pattern: String.raw`(?i)(?:${SECRET_NAME})\s*:\s*${VALUE}`,
    hint: SECRET_NAME_HINT,
    accept: (secret) => secret.length >= 8 && /\d/.test(secret),
  },
  {
    pattern: String.raw`(?i)(?:^|\s)--?(?:[\w-]*[_-])??(?:${SECRET_NAME})\s+(?:"([^"]+)|'([^']+)|([^\s"'-]\S*))`,
    hint: /(?:^|\s)-/,
  },
  {
    pattern: [
      String.raw`\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|xox[a-z]-[\w-]{10,}`,
      String.raw`xapp-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{35}|ya29\.[\w-]{20,}|npm_\w{36}`,
      String.raw`pypi-[\w-]{50,}|[rs]k_(?:live|test)_\w{10,}|sk-[\w-]{20,}|dckr_pat_[\w-]{20,}`,
      String.raw`hv[bs]\.[\w-]{20,}|do[opr]_v1_\w{64}|SG\.[\w-]{16,}\.[\w-]{16,}|hf_\w{30,}`,
      String.raw`eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)`,
    ].join('|'),
    hint: /gh[pousr]_|github_pat_|glpat-|xox|xapp-|AKIA|ASIA|AIza|ya29\.|npm_|pypi-|k_live|k_test|sk-|dckr_pat_|hv[bs]\.|_v1_|SG\.|hf_|eyJ/,
  },
  { pattern: String.raw`hooks\.slack\.com/services/([\w/-]+)`, hint: /hooks\.slack/ },
  {
    pattern: `-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----((?s:.*?))(?:-----END|$)`,
    hint: /PRIVATE KEY/,
  },
];
