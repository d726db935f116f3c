/** The theme's colours for charts, as they are in the scheme that is shown now. */

/** Labels that have a colour of their own wherever they appear. */
const ofLabel = {
  Resolved: 'resolved',
  Open: 'open',
  Escalated: 'escalated',
  High: 'high',
  Medium: 'medium',
  Low: 'low',
  ERROR: 'high',
  WARNING: 'medium',
  INFO: 'resolved',
  DEBUG: 'neutral',
};

/** Light and dark stand in one property: only a rendered element tells which one counts. */
export function readPalette() {
  const probe = document.createElement('span');
  probe.hidden = true;
  // Charts keep their colours where the system forces its own: one for all would tell nothing.
  probe.style.forcedColorAdjust = 'none';
  document.body.append(probe);
  const color = (name) => {
    probe.style.color = `var(--${name})`;
    return window.getComputedStyle(probe).color;
  };
  const palette = {
    ink: color('ink'),
    quiet: color('quiet'),
    line: color('line'),
    surface: color('surface'),
    chart: color('chart'),
    second: color('chart-second'),
    heat: [color('heat-least'), color('heat-most')],
    heatOf: { error: [color('heat-error-least'), color('heat-error-most')] },
    of: { open: color('chart-open'), error: color('chart-high') },
    heatNone: color('heat-none'),
    heatInk: [color('heat-ink-least'), color('heat-ink-most')],
    font: window.getComputedStyle(document.body).fontFamily,
    ofLabel: new Map(
      Object.entries(ofLabel).map(([label, name]) => [label, color(`chart-${name}`)]),
    ),
  };
  probe.remove();
  return palette;
}
