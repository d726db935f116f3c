/** A button that copies a text. Browsers allow it on addresses that are secure, and on this machine. */

import { element } from './element.js';

const TOLD_MS = 2_000;

/**
 * @param {() => string} text
 * @param {string} what is copied, for whoever cannot see beside what it stands
 * @returns {HTMLElement | null} null where nothing can be copied
 */
export function createCopyButton(text, what) {
  if (!window.navigator.clipboard) return null;
  const said = element('span', {}, 'Copy');
  const named = element('span', { class: 'visually-hidden' }, ` ${what}`);
  const button = element('button', { type: 'button', class: 'copy' }, said, named);
  const tell = (words) => {
    said.textContent = words;
    setTimeout(() => {
      said.textContent = 'Copy';
    }, TOLD_MS);
  };
  button.addEventListener('click', () => {
    window.navigator.clipboard.writeText(text()).then(
      () => tell('Copied'),
      () => tell('Not copied'),
    );
  });
  return button;
}
