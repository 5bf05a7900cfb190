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

const STRING = /'(?:\\[^]|[^'\\\n]){0,4000}'|"(?:\\[^]|[^"\\\n]){0,4000}"/y;
const COMMENT = /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/y;
const REGEXP = /\/(?:\\.|\[(?:\\.|[^\]\\\n]){0,1000}\]|[^/\\\n[]){1,1000}\/[a-z]*/y;
const TEMPLATE = /(?:\\[^]|\$(?!\{)|[^`\\$])*(?:`|\$\{|$)/y;
/** Where a plain stretch of code ends. */
const MARK = /['"`/{}]/g;
const LAST_TOKEN = /(?:[\w$]+|[^\w$])$/;
const BEFORE_REGEXP =
  /^(?:[(,=:[!&|?{};+\-*%<>~^]|return|typeof|case|in|of|delete|void|throw|new|do|else|await|yield)$/;
/** The longest word in it, and one letter more, which tells a longer word. */
const TOKEN_MAX = 'typeof'.length + 1;

/** The code alone: every character that is not code is a blank, and none has moved. */
export function blank(text: string): string {
  const parts: string[] = [];
  let done = 0; //  of the text, up to here
  let codeEnd = 0; //  behind the last token that was code
  let isAfterRegexp = false;
  let depth = 0; //  of braces, within the substitution of a template
  const outer: number[] = []; //  its value in the templates around

  function take(pattern: RegExp, at: number): string {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0] ?? '';
  }

  function keep(end: number): void {
    parts.push(text.slice(done, end));
    done = end;
    codeEnd = end;
    isAfterRegexp = false;
  }

  function drop(end: number): void {
    parts.push(blanks(text.slice(done, end)));
    done = end;
  }

  function keepPlain(end: number): void {
    const plain = text.slice(done, end);
    const length = plain.trimEnd().length;
    parts.push(plain);
    if (length > 0) {
      codeEnd = done + length;
      isAfterRegexp = false;
    }
    done = end;
  }

  function takeTemplate(): void {
    const part = take(TEMPLATE, done);
    const isOpen = part.endsWith('${');
    const end = done + part.length;
    drop(end - (isOpen ? 2 : part.endsWith('`') ? 1 : 0));
    keep(end);
    if (!isOpen) return;
    outer.push(depth);
    depth = 0;
  }

  function isRegexpNext(): boolean {
    if (isAfterRegexp) return false;
    const before = LAST_TOKEN.exec(text.slice(Math.max(0, codeEnd - TOKEN_MAX), codeEnd))?.[0];
    return BEFORE_REGEXP.test(before ?? ';');
  }

  function takeSlash(at: number): void {
    const comment = take(COMMENT, at);
    const regexp = comment === '' && isRegexpNext() ? take(REGEXP, at) : '';
    if (comment !== '') drop(at + comment.length);
    else if (regexp !== '') {
      drop(at + regexp.length);
      isAfterRegexp = true;
    } else keep(at + 1);
  }

  while (done < text.length) {
    MARK.lastIndex = done;
    const at = MARK.exec(text)?.index ?? text.length;
    keepPlain(at);
    if (at === text.length) break;
    const mark = text[at];
    if (mark === '/') takeSlash(at);
    else if (mark === '`') {
      keep(at + 1);
      takeTemplate();
    } else if (mark === '{') {
      depth += 1;
      keep(at + 1);
    } else if (mark === '}') {
      keep(at + 1);
      const isEnd = depth === 0 && outer.length > 0;
      depth = isEnd ? (outer.pop() ?? 0) : depth - 1;
      if (isEnd) takeTemplate();
    } else {
      const { length } = take(STRING, at);
      keep(at + 1);
      if (length < 2) continue;
      drop(at + length - 1);
      keep(at + length);
    }
  }
  return parts.join('');
}

function blanks(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}
