/*
 * The page around it all: one file that fetches nothing.
 *
 * Its policy allows one style and one script, by the hash of their text, and the empty icon that keeps a browser from asking
 * for one.  So nothing that got into the page by a mistake of ours could run, or tell anybody that it was read.
 */

import { createHash } from 'node:crypto';
import { html, markup, type Markup } from './markup.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

export interface Page {
  readonly title: string;
  readonly header: Markup;
  readonly main: Markup;
  readonly footer: Markup;
}

/** The whole document. */
export function documentOf({ title, header, main, footer }: Page): string {
  const policy = `default-src 'none'; style-src '${hashOf(STYLE)}'; script-src '${hashOf(SCRIPT)}'; img-src data:; base-uri 'none'; form-action 'none'`;
  const { text } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${markup(policy)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="data:," />
        <title>${title}</title>
        ${markup(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the verdicts</a>
        <header>${header}</header>
        <main id="main" tabindex="-1">${main}</main>
        <footer>${footer}</footer>
        <p class="hidden" id="told" role="status"></p>
        ${markup(`<script>${SCRIPT}</script>`)}
      </body>
    </html> `;
  return text;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
