/** Columns from left to right: days, hours, ranges. A second figure may run over them as a line. */

import { count } from '../element.js';
import { formatFigure, rawText } from '../number-format.js';
import { everyFew, labelAxis, tip, valueAxis } from './axes.js';
import { showPanel } from './panel.js';

const HEIGHT_PX = 210;

/**
 * @param {HTMLElement} section the panel; `breakdown` and `unit` say what is shown, and if there
 *   is a line `beside`, `besideHeading`, `besideFormat`
 * @param {object[]} columns from left to right
 * @param {string} columns[].label as the data has it
 * @param {string} columns[].words as people read it
 * @param {string} [columns[].axis] the same, shorter
 * @param {number} columns[].value
 * @param {number | null} [columns[].beside]
 * @param {string} [columns[].gap] what is left out before this one
 * @param {string} [columns[].href] where it leads
 */
export function showColumns(section, columns) {
  const { breakdown, unit, beside, besideHeading, besideFormat } = section.dataset;
  const besideWords = (column) => formatFigure(column.beside, besideFormat);
  const shown = withGaps(columns);
  showPanel(section, {
    columns: ['Label', unit, ...(beside ? [besideHeading] : [])],
    rows: columns.map((column) => ({
      label: column.gap ? `${column.words} (before it ${column.gap})` : column.words,
      href: column.href,
      cells: [
        {
          measure: breakdown,
          label: column.label,
          raw: String(column.value),
          words: count(column.value),
        },
        beside
          ? {
              measure: beside,
              label: column.label,
              raw: rawText(column.beside),
              words: besideWords(column),
            }
          : null,
      ],
    })),
    units: unit,
    told: toldOf(columns, unit),
    height: HEIGHT_PX,
    places: shown.map(({ words, value, href }) => ({
      words: value === undefined ? words : `${words}: ${count(value)} ${unit}`,
      href,
    })),
    option: (palette, width) => columnOption(palette, width, shown, section.dataset, besideWords),
  });
}

/** From where to where, how many in all, and the highest one. */
function toldOf(columns, unit) {
  if (columns.length === 0) return [];
  const highest = columns.reduce((most, each) => (each.value > most.value ? each : most));
  const all = columns.reduce((sum, { value }) => sum + value, 0);
  return [
    `${columns[0].words} to ${columns.at(-1).words}`,
    `${count(all)} ${unit} in all`,
    `most at ${highest.words}, ${count(highest.value)}`,
  ];
}

/** A gap takes a place of its own, so that the eye does not take two far days for neighbours. */
function withGaps(columns) {
  return columns.flatMap((column) =>
    column.gap ? [{ gap: column.gap, words: column.gap, axis: '…' }, column] : [column],
  );
}

/** What the axes of values take of the width, px. */
const AXIS_PX = 40;

function columnOption(palette, width, shown, { unit, beside, besideHeading }, besideWords) {
  const labels = shown.map(({ axis, words }) => axis ?? words);
  const lines = beside
    ? [
        {
          type: 'line',
          yAxisIndex: 1,
          symbol: 'circle',
          symbolSize: 6,
          showSymbol: shown.length <= 31,
          lineStyle: { color: palette.second, width: 2 },
          itemStyle: { color: palette.second },
          data: shown.map(({ beside: value }) => value ?? null),
        },
      ]
    : [];
  return {
    grid: { left: 8, right: beside ? 8 : 12, top: beside ? 30 : 12, bottom: 4, containLabel: true },
    legend: beside
      ? {
          top: 0,
          right: 0,
          selectedMode: false,
          itemWidth: 14,
          itemHeight: 9,
          textStyle: { color: palette.quiet, fontSize: 12 },
        }
      : undefined,
    xAxis: labelAxis(palette, labels, {
      axisLabel: everyFew(palette, labels, width - (beside ? 2 : 1) * AXIS_PX),
    }),
    yAxis: [
      valueAxis(palette),
      // In the colour of its line, on the lines of the other axis.
      ...(beside
        ? [
            valueAxis(palette, {
              axisLabel: { color: palette.second },
              splitLine: { show: false },
              alignTicks: true,
            }),
          ]
        : []),
    ],
    tooltip: {
      trigger: 'axis',
      axisPointer: { type: 'shadow' },
      formatter: ([{ dataIndex }]) => {
        const place = shown[dataIndex];
        if (place.gap && place.value === undefined) return tip(place.gap, []);
        return tip(place.words, [
          `${count(place.value)} ${unit}`,
          beside ? `${besideWords(place)} ${besideHeading}` : '',
        ]);
      },
    },
    series: [
      {
        type: 'bar',
        name: unit,
        barMaxWidth: 34,
        cursor: shown.some(({ href }) => href) ? 'pointer' : 'default',
        itemStyle: { color: palette.chart, borderRadius: [4, 4, 0, 0] },
        emphasis: { itemStyle: { opacity: 0.8 } },
        data: shown.map(({ value }) => value ?? null),
      },
      ...lines.map((line) => ({ ...line, name: besideHeading })),
    ],
  };
}
