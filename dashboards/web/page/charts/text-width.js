/** How wide a text is drawn, and what of it fits. */

const context = document.createElement('canvas').getContext('2d');
/** More signs than these fit nowhere. */
const MOST_SIGNS = 120;

/** @param {string} font as in CSS: size and family, a weight before them */
function textWidth(text, font) {
  context.font = font;
  return context.measureText(text).width;
}

export function widestOf(texts, font) {
  return texts.reduce((most, text) => Math.max(most, textWidth(text, font)), 0);
}

/** Left out is what stands in the middle: labels differ at their beginning or at their end. */
export function fitted(text, room, font) {
  const line = text.replaceAll(/\s+/g, ' ');
  if (textWidth(line, font) <= room) return line;
  const signs = [...line];
  for (let kept = Math.min(signs.length - 1, MOST_SIGNS); kept > 1; kept -= 1) {
    const head = Math.ceil(kept * 0.6);
    const short = `${signs.slice(0, head).join('')}…${signs.slice(head - kept).join('')}`;
    if (textWidth(short, font) <= room) return short;
  }
  return '…';
}
