/** Weekday × hour of the day: the darker, the more. */

import { count } from '../element.js';
import { everyFew, labelAxis, tip } from './axes.js';
import { inkTurn } from './contrast.js';
import { showPanel } from './panel.js';

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const HOURS = [...Array(24).keys()];
const HEIGHT_PX = 230;
const hourWords = (hour) => `${String(hour).padStart(2, '0')}:00`;

/**
 * @param {HTMLElement} section the panel; `matrix` and `unit` say what is shown
 * @param {{row: string | null, column: string | null, value: number}[]} cells `row` is the weekday
 *   (1 is Monday), `column` the hour; what is missing is zero
 * @param {(weekday: string, hour: string) => string} hrefOf
 */
export function showHeatMap(section, cells, hrefOf) {
  const { matrix, unit, color } = section.dataset;
  const known = cells.filter(({ row, column }) => row !== null && column !== null);
  const values = new Map(known.map(({ row, column, value }) => [`${row}-${column}`, value]));
  const valueOf = (day, hour) => values.get(`${day + 1}-${hour}`) ?? 0;
  const most = Math.max(0, ...values.values());
  const days = known.length === 0 ? [] : WEEKDAYS;
  showPanel(section, {
    columns: ['UTC', ...HOURS.map((hour) => String(hour).padStart(2, '0'))],
    rows: days.map((label, day) => ({
      label,
      cells: HOURS.map((hour) => cellOf(matrix, day, hour, valueOf(day, hour), hrefOf)),
    })),
    units: unit,
    scale: most === 0 ? undefined : ['1', count(most)],
    told: toldOf(known, unit),
    height: HEIGHT_PX,
    places: days.flatMap((label, day) =>
      HOURS.map((hour) => ({
        words: `${label} ${hourWords(hour)} UTC: ${count(valueOf(day, hour))} ${unit}`,
        href: valueOf(day, hour) === 0 ? undefined : hrefOf(String(day + 1), String(hour)),
      })),
    ),
    across: HOURS.length,
    option: (palette, width) => heatOption(palette, width, valueOf, { unit, color }),
  });
}

function cellOf(matrix, day, hour, value, hrefOf) {
  const words = count(value);
  const figure = { measure: matrix, label: `${day + 1}-${hour}`, raw: String(value), words };
  return value === 0
    ? figure
    : {
        ...figure,
        href: hrefOf(String(day + 1), String(hour)),
        name: `${words}, ${WEEKDAYS[day]} ${hourWords(hour)}`,
      };
}

function toldOf(cells, unit) {
  const [highest] = cells.toSorted((a, b) => b.value - a.value);
  if (highest === undefined || highest.value === 0) return [`no ${unit}`];
  const all = cells.reduce((sum, { value }) => sum + value, 0);
  const day = WEEKDAYS[Number(highest.row) - 1] ?? highest.row;
  return [
    `${count(all)} ${unit}`,
    `most on ${day} at ${hourWords(highest.column)} UTC, ${count(highest.value)}`,
  ];
}

function heatOption(palette, width, valueOf, { unit, color }) {
  const shades = palette.heatOf[color] ?? palette.heat;
  const narrow = width < 520;
  const data = WEEKDAYS.flatMap((_name, day) =>
    HOURS.map((hour) => ({
      // Shades by the root: one busy hour does not turn all others pale.
      value: [hour, day, valueOf(day, hour), Math.sqrt(valueOf(day, hour))],
      ...(valueOf(day, hour) === 0 ? { itemStyle: { color: palette.heatNone } } : {}),
    })),
  );
  const least = 1;
  const most = Math.max(1.5, ...data.map(({ value }) => value[3]));
  const turn = least + (most - least) * inkTurn(shades, palette.heatInk);
  const left = narrow ? 34 : 84;
  const hours = HOURS.map((hour) => String(hour).padStart(2, '0'));
  return {
    grid: { left, right: 4, top: 4, bottom: 26 },
    xAxis: labelAxis(palette, hours, {
      axisLine: { show: false },
      axisLabel: everyFew(palette, hours, width - left),
    }),
    yAxis: labelAxis(
      palette,
      WEEKDAYS.map((name) => (narrow ? name.slice(0, 2) : name)),
      { inverse: true, axisLine: { show: false } },
    ),
    visualMap: {
      show: false,
      dimension: 3,
      min: least,
      max: most,
      inRange: { color: shades },
    },
    tooltip: {
      formatter: ({ value: [hour, day, value] }) =>
        tip(`${WEEKDAYS[day]} ${hourWords(hour)} UTC`, [`${count(value)} ${unit}`]),
    },
    series: [
      {
        type: 'heatmap',
        data,
        label: {
          show: !narrow,
          fontSize: 11,
          formatter: ({ value }) => {
            if (value[2] === 0) return '';
            return value[3] >= turn ? `{most|${count(value[2])}}` : `{least|${count(value[2])}}`;
          },
          rich: {
            most: { color: palette.heatInk[1], fontSize: 11 },
            least: { color: palette.heatInk[0], fontSize: 11 },
          },
        },
        itemStyle: { borderColor: palette.surface, borderWidth: 2, borderRadius: 4 },
        emphasis: { itemStyle: { borderColor: palette.ink } },
      },
    ],
  };
}
