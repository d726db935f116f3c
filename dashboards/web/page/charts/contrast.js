/** Which of two inks is read better on a shade between two colours. Pure. */

/** Relative luminance of `rgb(r, g, b)` (WCAG 2.2). */
function luminance(parts) {
  const [red, green, blue] = parts.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const partsOf = (color) => color.match(/\d+/g).slice(0, 3).map(Number);

/**
 * @param {[string, string]} shades `rgb(…)`, the first and the last one
 * @param {[string, string]} inks the one for the first shade, and the one for the last
 * @returns {number} the share of the way from shade to shade from which the second ink is better
 */
export function inkTurn(shades, inks) {
  const [first, last] = shades.map(partsOf);
  const [before, behind] = inks.map(partsOf);
  const steps = [...Array(101).keys()].map((step) => step / 100);
  const shadeAt = (share) => first.map((part, index) => part + (last[index] - part) * share);
  return (
    steps.find((share) => contrast(shadeAt(share), behind) >= contrast(shadeAt(share), before)) ?? 1
  );
}
