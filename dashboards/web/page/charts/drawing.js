/**
 * Draws charts: each has a container, and an option that is made anew whenever its data or the
 * colour scheme change. The library is loaded when the first chart is wanted; figures and tables
 * never wait for it.
 */

import { readPalette } from './palette.js';

/** Served from its package (page-files.ts). */
const library = new URL('../echarts.js', import.meta.url);
const charts = new Set();
/** A busy page draws nevertheless. */
const IDLE_MS = 60;
const calm = window.matchMedia('(prefers-reduced-motion: reduce)');

/**
 * @param {HTMLElement} container
 * @param {(index: number) => void} onClick called with the place that was clicked
 * @returns {{
 *   show: (makeOption: (palette: object, width: number) => object, height: number) => void,
 *   point: (index: number | null) => void,
 * }} `point` shows the tip of a place as the pointer does, or of none any more
 */
export function createDrawing(container, onClick) {
  const drawing = { container, onClick, makeOption: null, instance: null, width: 0 };
  charts.add(drawing);
  new window.ResizeObserver(() => {
    const width = container.clientWidth;
    if (drawing.instance === null || width === drawing.width || width === 0) return;
    drawing.instance.resize();
    draw(drawing);
  }).observe(container);
  return {
    show(makeOption, height) {
      drawing.makeOption = makeOption;
      container.style.height = `${height}px`;
      wanted.add(drawing);
      next();
    },
    point(index) {
      const { instance } = drawing;
      if (instance === null) return;
      instance.dispatchAction({ type: 'downplay', seriesIndex: 0 });
      if (index === null) {
        instance.dispatchAction({ type: 'hideTip' });
        return;
      }
      const place = { seriesIndex: 0, dataIndex: index };
      instance.dispatchAction({ type: 'highlight', ...place });
      instance.dispatchAction({ type: 'showTip', ...place });
    },
  };
}

/** Charts that are to be drawn: one at a time while nothing else is to do, the seen ones first. */
const wanted = new Set();
let waiting = false;

function next() {
  if (waiting || wanted.size === 0) return;
  waiting = true;
  window.requestIdleCallback(
    () => {
      const [nearest] = [...wanted].toSorted((a, b) => distance(a) - distance(b));
      wanted.delete(nearest);
      begin(nearest)
        .catch(() => undefined)
        .finally(() => {
          waiting = false;
          next();
        });
    },
    { timeout: IDLE_MS },
  );
}

/** From the middle of what is seen, px. */
function distance({ container }) {
  const { top, bottom } = container.getBoundingClientRect();
  return Math.abs((top + bottom - window.innerHeight) / 2);
}

async function begin(drawing) {
  const { init } = await import(library);
  if (drawing.instance === null) {
    drawing.instance = init(drawing.container, null, { renderer: 'svg' });
    drawing.instance.on('click', ({ dataIndex }) => drawing.onClick(dataIndex));
    // A bar that still grows is not yet where it will be clicked.
    drawing.instance.on('finished', () => {
      drawing.container.dataset.drawn = 'true';
    });
  } else if (drawing.container.clientHeight !== drawing.instance.getHeight()) {
    drawing.instance.resize();
  }
  draw(drawing);
}

function draw(drawing) {
  const { instance, makeOption, container } = drawing;
  if (instance === null || makeOption === null) return;
  drawing.width = container.clientWidth;
  delete container.dataset.drawn;
  instance.setOption(withTheme(makeOption(palette, drawing.width)), {
    replaceMerge: ['series', 'xAxis', 'yAxis'],
  });
}

/** What all charts have in common. */
function withTheme(option) {
  return {
    animation: !calm.matches && !('printing' in document.documentElement.dataset),
    animationDuration: 350,
    animationDurationUpdate: 350,
    backgroundColor: 'transparent',
    textStyle: { fontFamily: palette.font, color: palette.ink },
    // The chart's own name and the table beside it tell more than a generated sentence.
    aria: { enabled: false },
    ...option,
    tooltip: {
      className: 'chart-tip',
      confine: true,
      transitionDuration: 0,
      backgroundColor: palette.surface,
      borderColor: palette.line,
      textStyle: { color: palette.ink, fontSize: 13 },
      ...option.tooltip,
    },
  };
}

let palette = readPalette();

function repaint() {
  palette = readPalette();
  for (const drawing of charts) draw(drawing);
}

window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
document.addEventListener('schemechange', repaint);

/** Widths of the two columns of print.css, and of both, px: a picture does not reflow on paper. */
const PAPER = { column: 300, both: 660 };
const spansBoth = '.wide, .half, .two-thirds';

window.addEventListener('beforeprint', () => {
  document.documentElement.dataset.printing = '';
  for (const { instance, container } of charts) {
    const width = container.closest(spansBoth) ? PAPER.both : PAPER.column;
    instance?.resize({ width });
  }
  repaint();
});
window.addEventListener('afterprint', () => {
  delete document.documentElement.dataset.printing;
  for (const { instance } of charts) instance?.resize({ width: 'auto' });
  repaint();
});
