/** Values of filters as people read them. */

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

/** Rows without a value are a choice too. */
export function valueWords(name, value) {
  if (value === '') return '(none)';
  if (name === 'error') return value === '1' ? 'yes' : 'no';
  if (name === 'weekday') return WEEKDAYS[Number(value) - 1] ?? value;
  if (name === 'hour') return `${value.padStart(2, '0')}:00 UTC`;
  return value;
}
