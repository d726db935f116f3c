/** The catalogue: every measure in words, SQL and DAX. Read once, when somebody wants to know. */

import { byId, element } from '../element.js';

export function showDefinitions(details, wanted) {
  const load = () => {
    fetch('api/measures')
      .then((response) => response.json())
      .then(({ measures }) => {
        byId('definition-list').replaceChildren(...measures.filter(wanted).map(definition));
      })
      .catch(() => details.addEventListener('toggle', load, { once: true }));
  };
  details.addEventListener('toggle', load, { once: true });
}

function definition({ title, description, population, sql, dax }) {
  const text = (language, source) =>
    element('p', {}, element('span', { class: 'language' }, language), element('code', {}, source));
  return element(
    'div',
    {},
    element('dt', {}, title),
    element(
      'dd',
      {},
      element('p', {}, `${description} Over: ${population}.`),
      text('SQL', sql),
      text('DAX', dax),
    ),
  );
}
