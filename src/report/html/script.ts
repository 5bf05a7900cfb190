/*
 * What the page does, where scripts run: buttons that copy, a button for the theme, and open details on paper.
 *
 * All that is to be read is in the page without it; so the buttons are made here, and are not there where they would do nothing.
 */

export const SCRIPT = `
'use strict';
const root = document.documentElement;
const told = document.getElementById('told');
const keep = (name) => { try { localStorage.setItem('gridlock-theme', name); } catch { /* a page from a file may have no store */ } };
const kept = () => { try { return localStorage.getItem('gridlock-theme'); } catch { return null; } };
const button = (text, press) => {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = text;
  made.addEventListener('click', () => press(made));
  return made;
};

const themes = ['auto', 'light', 'dark'];
const wear = (name) => {
  if (name === 'auto') delete root.dataset.theme;
  else root.dataset.theme = name;
};
let theme = themes.includes(kept()) ? kept() : 'auto';
wear(theme);
const toggle = button('Theme: ' + theme, (self) => {
  theme = themes[(themes.indexOf(theme) + 1) % themes.length];
  wear(theme);
  keep(theme);
  self.textContent = 'Theme: ' + theme;
});
toggle.className = 'theme';
document.querySelector('header').append(toggle);

const copy = async (source) => {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    const range = document.createRange();
    range.selectNodeContents(source);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    return document.execCommand('copy');
  }
};
for (const box of document.querySelectorAll('.copyable')) {
  const source = box.querySelector('pre');
  box.append(button('Copy', async (self) => {
    const done = await copy(source);
    self.textContent = done ? 'Copied' : 'Select it';
    told.textContent = done ? 'Copied' : 'It could not be copied; it is selected';
    setTimeout(() => { self.textContent = 'Copy'; }, 1500);
  }));
}

let opened = [];
addEventListener('beforeprint', () => {
  opened = [...document.querySelectorAll('details:not([open])')];
  for (const each of opened) each.open = true;
});
addEventListener('afterprint', () => {
  for (const each of opened) each.open = false;
});
`;
