/**
 * Compares two texts by the bytes of their UTF-8 form, as S3 orders its keys. JavaScript compares
 * UTF-16 units, which puts the surrogates of U+10000 and above before U+E000 … U+FFFF.
 *
 * @returns negative, 0 or positive.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return rankOfUnit(left) - rankOfUnit(right);
  }
  return a.length - b.length;
}

function rankOfUnit(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
