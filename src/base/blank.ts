/*
 * The code of a JavaScript or TypeScript text, without what is not code.
 *
 * The insides of comments, strings, templates and regular expressions become blanks.  Nothing moves: an
 * offset means the same in both texts.  So a search for a function or for a brace needs no parser, and
 * is not misled by prose.
 *
 * The lexer knows as much of the language as that takes.  Whether a slash divides or starts a regular
 * expression is decided by the token before it, which is right for all code a formatter would write.
 *
 * What may not end is followed only so far (a quote for 4,000 characters, a regular expression for 1,000), so that
 * the time is linear whatever the text: it may come from a dump.
 */

const TOKEN =
  /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)|'(?:\\[^]|[^'\\\n]){0,4000}'|"(?:\\[^]|[^"\\\n]){0,4000}"|[\w$]+|\s+|[^]/y;
const REGEXP = /\/(?:\\.|\[(?:\\.|[^\]\\\n]){0,1000}\]|[^/\\\n[]){1,1000}\/[a-z]*/y;
const TEMPLATE = /(?:\\[^]|\$(?!\{)|[^`\\$])*(?:`|\$\{|$)/y;
const BEFORE_REGEXP =
  /^(?:[(,=:[!&|?{};+\-*%<>~^]|return|typeof|case|in|of|delete|void|throw|new|do|else|await|yield)$/;

/** The code alone: every character that is not code is a blank, and none has moved. */
export function blank(text: string): string {
  let code = '';
  let before = ';'; //  the last token that was code
  let depth = 0; //  of braces, within the substitution of a template
  const outer: number[] = []; //  its value in the templates around

  function take(pattern: RegExp): string {
    pattern.lastIndex = code.length;
    return pattern.exec(text)?.[0] ?? '';
  }

  function takeTemplate(): void {
    const part = take(TEMPLATE);
    const isOpen = part.endsWith('${');
    const end = isOpen ? 2 : Math.min(1, part.length);
    code += blanks(part.slice(0, part.length - end)) + part.slice(part.length - end);
    if (isOpen) {
      outer.push(depth);
      depth = 0;
    }
    before = isOpen ? '{' : '`';
  }

  while (code.length < text.length) {
    const token = take(TOKEN);
    if (token === '`') {
      code += token;
      takeTemplate();
    } else if (token === '}' && depth === 0 && outer.length > 0) {
      code += token;
      depth = outer.pop() ?? 0;
      takeTemplate();
    } else if (/^\/[/*]/.test(token)) {
      code += blanks(token);
    } else if (/^['"]./.test(token)) {
      code += token.slice(0, 1) + blanks(token.slice(1, -1)) + token.slice(-1);
      before = token.slice(-1);
    } else if (token === '/' && BEFORE_REGEXP.test(before) && take(REGEXP) !== '') {
      code += blanks(take(REGEXP));
      before = '/';
    } else {
      if (token === '{') depth += 1;
      if (token === '}') depth -= 1;
      code += token;
      if (token.trim() !== '') before = token;
    }
  }
  return code;
}

function blanks(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}
