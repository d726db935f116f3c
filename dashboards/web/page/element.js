/** Small tools for the document. Texts go in as text, never as markup. */

import { formatFigure } from './number-format.js';

export const byId = (id) => document.getElementById(id);

/** Makes an element; children may be elements, texts or null. */
export function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Replaces what is in an element; who had the focus on a part of it keeps it on the same part. */
export function replaceContent(parent, ...children) {
  const held = parent.contains(document.activeElement) ? document.activeElement : null;
  parent.replaceChildren(...children);
  if (held === null) return;
  const name = (node) => node.getAttribute('href') ?? node.textContent;
  const same = [...parent.querySelectorAll(held.localName)].find(
    (node) => name(node) === name(held),
  );
  same?.focus({ preventScroll: true });
}

/** Leaves an unchanged text alone: a live region is read out when it is written. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function count(value) {
  return formatFigure(value, 'count');
}
