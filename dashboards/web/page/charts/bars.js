/** Horizontal bars: one for each label of a breakdown, the largest first. */

import { count } from '../element.js';
import { formatBrief, formatFigure, rawText } from '../number-format.js';
import { labelAxis, tip, valueAxis } from './axes.js';
import { showPanel } from './panel.js';
import { fitted, widestOf } from './text-width.js';

const SHOWN_BARS = 10;
const ROW_PX = 30;

/**
 * @param {HTMLElement} section the panel; its data attributes say what is shown: `breakdown`,
 *   `unit`, and if there is a second figure `beside`, `besideHeading`, `besideFormat`; `order` puts
 *   known labels first; `format` of the figures, `count` if not said; `bars` how many at most;
 *   `color` of what they count, where it has one
 * @param {object} figures
 * @param {{label: string | null, value: number | null}[]} figures.shown
 * @param {{label: string | null, value: number | null}[]} [figures.beside]
 * @param {number} [figures.total] of which all bars are parts
 * @param {(label: string) => string | undefined} [figures.hrefOf] where a label leads
 */
export function showBars(section, { shown, beside = [], total, hrefOf = () => undefined }) {
  const { breakdown, unit, beside: besideName, besideHeading, besideFormat } = section.dataset;
  const { color, order, format = 'count', bars: mostBars = SHOWN_BARS } = section.dataset;
  const besideOf = new Map(beside.map(({ label, value }) => [label, value]));
  const known = order ? order.split('|') : [];
  const counted = shown.filter(({ value }) => value !== null);
  const rows = inOrder(counted, known).map(({ label, value }) => {
    const name = label ?? '';
    const besideValue = besideOf.get(label);
    return {
      label: name === '' ? '(none)' : name,
      name,
      value,
      words: formatBrief(value, format),
      besideWords: besideName ? formatBrief(besideValue, besideFormat) : '',
      href: hrefOf(name),
      cells: [
        {
          measure: breakdown,
          label: name,
          raw: rawText(value),
          words: formatFigure(value, format),
        },
        besideName
          ? {
              measure: besideName,
              label: name,
              raw: rawText(besideValue),
              words: formatFigure(besideValue, besideFormat),
            }
          : null,
      ],
    };
  });
  const bars = rows.slice(0, Number(mostBars));
  showPanel(section, {
    columns: ['Label', unit, ...(besideName ? [besideHeading] : [])],
    rows: [
      ...rows.map(({ label, href, cells }) => ({ label, href, cells })),
      ...othersRow(rows, total, besideName),
    ],
    units: besideName ? `${unit}, ${besideHeading}` : unit,
    told: rows.map(({ label, words, besideWords }) =>
      besideWords === ''
        ? `${label} ${words}`
        : `${label} ${words} (${besideWords} ${besideHeading})`,
    ),
    height: Math.max(2, bars.length) * ROW_PX + 8,
    places: bars.map(({ label, words, href }) => ({ words: `${label}: ${words} ${unit}`, href })),
    option: (palette, width) => barOption(palette, width, bars, { color, unit, besideHeading }),
  });
}

/** What the warehouse did not list, for a column may hold any number of different texts. */
function othersRow(rows, total, beside) {
  const listed = rows.reduce((sum, { value }) => sum + value, 0);
  if (total === undefined || total <= listed) return [];
  const cells = [{ words: count(total - listed) }];
  if (beside) cells.push({ words: '' });
  return [{ label: 'all others', cells }];
}

function inOrder(figures, known) {
  const place = ({ label }) => (known.includes(label) ? known.indexOf(label) : known.length);
  return figures.toSorted((a, b) => place(a) - place(b));
}

const LABEL_PX = 13;
const BESIDE_PX = 12;
const GAP_PX = 12;
/** Below this, a bar tells nothing. */
const LEAST_BAR_PX = 60;
const LEAST_LABEL_PX = 60;

/** Before each label: the library looks texts up in a plain object, and finds one at `constructor`. */
const UNSEEN = '\u200b';

function barOption(palette, width, bars, { color, unit, besideHeading }) {
  const own = palette.of[color] ?? palette.chart;
  const labelFont = `${LABEL_PX}px ${palette.font}`;
  const besideFont = `${BESIDE_PX}px ${palette.font}`;
  const roomOf = (part, font) => widestOf(bars.map(part), font);
  const figureRoom = roomOf(({ words }) => words, `600 ${labelFont}`);
  const besideRoom = roomOf(({ besideWords }) => besideWords, besideFont);
  const hasBeside = besideRoom > 0;
  const room = GAP_PX + figureRoom + (hasBeside ? GAP_PX + besideRoom : 0);
  const labelRoom = Math.max(
    LEAST_LABEL_PX,
    Math.min(
      roomOf(({ label }) => label, labelFont),
      width * 0.45 - GAP_PX,
      width - room - GAP_PX - LEAST_BAR_PX,
    ),
  );
  const right = { align: 'right', fontSize: BESIDE_PX, color: palette.quiet };
  const rich = {
    v: { ...right, fontSize: LABEL_PX, fontWeight: 600, color: palette.ink, width: figureRoom },
    b: { ...right, width: GAP_PX + besideRoom },
  };
  const side = { axisLine: { show: false }, axisTick: { show: false }, inverse: true };
  return {
    grid: { left: labelRoom + GAP_PX, right: room, top: 4, bottom: 4 },
    xAxis: valueAxis(palette, { show: false, max: 'dataMax' }),
    yAxis: [
      labelAxis(
        palette,
        bars.map(({ label }) => UNSEEN + fitted(label, labelRoom, labelFont)),
        { ...side, axisLabel: { color: palette.ink, fontSize: LABEL_PX, interval: 0 } },
      ),
      // The figures stand in a column of their own, so that they can be compared.
      labelAxis(
        palette,
        bars.map(({ words, besideWords }) =>
          hasBeside ? `{v|${words}}{b|${besideWords}}` : `{v|${words}}`,
        ),
        {
          ...side,
          position: 'right',
          axisLabel: { interval: 0, align: 'right', margin: room - 2, rich },
        },
      ),
    ],
    tooltip: {
      formatter: ({ dataIndex }) => {
        const { label, words, besideWords } = bars[dataIndex];
        return tip(label, [
          `${words} ${unit}`,
          besideWords === '' ? '' : `${besideWords} ${besideHeading}`,
        ]);
      },
    },
    series: [
      {
        type: 'bar',
        barWidth: 14,
        cursor: bars.some(({ href }) => href) ? 'pointer' : 'default',
        showBackground: true,
        backgroundStyle: { color: palette.line, opacity: 0.4, borderRadius: 4 },
        data: bars.map(({ value, label }) => ({
          value,
          itemStyle: { color: palette.ofLabel.get(label) ?? own, borderRadius: 4 },
        })),
      },
    ],
  };
}
