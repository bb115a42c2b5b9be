/** Terminal colours by SGR code (ECMA-48). */
const COLOURS: ReadonlyMap<number, string> = new Map([
  [31, '#ff7b72'],
  [32, '#56d364'],
  [33, '#e3b341'],
  [34, '#79c0ff'],
  [35, '#d2a8ff'],
  [36, '#76e3ea'],
  [90, '#8b949e'],
]);

/** An SGR sequence. */
const ESCAPE = new RegExp(`${String.fromCharCode(27)}\\[([\\d;]*)m`);

/** HTML page that shows the output of `tmux capture-pane -p -e` as a terminal does. */
export function terminalPage(captured: string): string {
  const lines = captured.trimEnd().split('\n').map(renderLine);
  return `<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #0d1117; color: #e6edf3; font: 14px/1.5 'DejaVu Sans Mono', monospace; }
pre { display: inline-block; margin: 0; padding: 16px 20px; font: inherit; }
</style><pre>${lines.join('\n')}</pre>`;
}

/** Converts a line, starting in the default style. tmux resets the style at the end of each line. */
function renderLine(line: string): string {
  let style = { colour: '', isBold: false, isDim: false };
  const parts = line.split(ESCAPE);
  return parts.map((part, index) => (index % 2 === 0 ? span(part) : change(part))).join('');

  function change(codes: string): string {
    for (const code of codes.split(';').map(Number)) {
      if (code === 0) style = { colour: '', isBold: false, isDim: false };
      else if (code === 1) style = { ...style, isBold: true };
      else if (code === 2) style = { ...style, isDim: true };
      else if (code === 39) style = { ...style, colour: '' };
      else if (COLOURS.has(code)) style = { ...style, colour: COLOURS.get(code) ?? '' };
    }
    return '';
  }

  function span(text: string): string {
    if (text === '') return '';
    const rules = [
      style.colour && `color:${style.colour}`,
      style.isBold && 'font-weight:bold',
      style.isDim && 'opacity:.65',
    ].filter(Boolean);
    return `<span style="${rules.join(';')}">${escaped(text)}</span>`;
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
