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

/**
 * Replaces what is in an element. A child that is the same as before stays where it is, with what
 * is selected in it; who had the focus on a part that is new keeps it on the same part.
 */
export function replaceContent(parent, ...children) {
  const held = parent.contains(document.activeElement) ? document.activeElement : null;
  const known = Map.groupBy(parent.children, ({ outerHTML }) => outerHTML);
  const wanted = children.map((child) => known.get(child.outerHTML)?.shift() ?? child);
  const kept = new Set(wanted);
  for (const child of [...parent.childNodes]) if (!kept.has(child)) child.remove();
  wanted.forEach((child, index) => {
    if (parent.childNodes[index] !== child)
      parent.insertBefore(child, parent.childNodes[index] ?? null);
  });
  if (held === null || parent.contains(document.activeElement)) return;
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
