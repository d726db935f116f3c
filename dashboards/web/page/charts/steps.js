/** A quantity over time that stays as it is until it changes: the backlog by hour. */

import { count } from '../element.js';
import { formatClock, formatDay, formatMoment, formatShortDay } from '../number-format.js';
import { tip, valueAxis } from './axes.js';
import { showPanel } from './panel.js';

const HEIGHT_PX = 210;

/**
 * @param {HTMLElement} section the panel; `breakdown` and `unit` say what is shown
 * @param {{ms: number, label: string, value: number}[]} points oldest first
 */
export function showSteps(section, points) {
  const { breakdown, unit, color } = section.dataset;
  showPanel(section, {
    columns: ['Hour', unit],
    rows: points.toReversed().map(({ ms, label, value }) => ({
      label: formatMoment(ms),
      cells: [{ measure: breakdown, label, raw: String(value), words: count(value) }],
    })),
    units: unit,
    told: toldOf(points, unit),
    height: HEIGHT_PX,
    places: points.map(({ ms, value }) => ({
      words: `${formatMoment(ms)}: ${count(value)} ${unit}`,
    })),
    option: (palette, width) => stepOption(palette, width, points, { unit, color }),
  });
}

function toldOf(points, unit) {
  if (points.length === 0) return [];
  const highest = points.reduce((most, each) => (each.value > most.value ? each : most));
  const [first, last] = [points[0], points.at(-1)];
  return [
    `${count(first.value)} ${unit} on ${formatMoment(first.ms)}`,
    `${count(last.value)} on ${formatMoment(last.ms)}`,
    `most on ${formatMoment(highest.ms)}, ${count(highest.value)}`,
  ];
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const steps = [HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS, DAY_MS];
/** From so long on, a day is named with its year. */
const LONG_MS = 300 * DAY_MS;
/** For one label, px. */
const LABEL_PX = { short: 64, long: 100 };

/** Moments at equal distances, as many as there is room for. */
function ticksOf(from, to, most) {
  const step =
    steps.find((each) => (to - from) / each <= most) ??
    DAY_MS * Math.ceil((to - from) / DAY_MS / most);
  const first = Math.ceil(from / step) * step;
  const count = Math.max(0, Math.floor((to - first) / step) + 1);
  return Array.from({ length: count }, (_each, index) => first + index * step);
}

function stepOption(palette, width, points, { unit, color }) {
  const own = palette.of[color] ?? palette.chart;
  const [from, to] = [points[0]?.ms ?? 0, points.at(-1)?.ms ?? 0];
  const isLong = to - from > LONG_MS;
  const ticks = ticksOf(from, to, Math.floor(width / LABEL_PX[isLong ? 'long' : 'short']));
  const dayOf = (ms) =>
    isLong ? formatDay(new Date(ms).toISOString().slice(0, 10)) : formatShortDay(ms);
  return {
    grid: { left: 8, right: 16, top: 12, bottom: 4, containLabel: true },
    xAxis: {
      type: 'time',
      axisLine: { lineStyle: { color: palette.line } },
      axisTick: { show: false },
      axisLabel: {
        color: palette.quiet,
        fontSize: 12,
        customValues: ticks,
        formatter: (ms) => (ms % DAY_MS === 0 ? dayOf(ms) : formatClock(ms)),
      },
      splitLine: { show: false },
    },
    yAxis: valueAxis(palette),
    tooltip: {
      trigger: 'axis',
      formatter: ([{ dataIndex }]) =>
        tip(formatMoment(points[dataIndex].ms), [`${count(points[dataIndex].value)} ${unit}`]),
    },
    useUTC: true,
    series: [
      {
        type: 'line',
        step: 'end',
        symbol: 'circle',
        symbolSize: 5,
        showSymbol: points.length <= 2,
        lineStyle: { color: own, width: 2 },
        itemStyle: { color: own },
        areaStyle: { color: own, opacity: 0.16 },
        data: points.map(({ ms, value }) => [ms, value]),
      },
    ],
  };
}
