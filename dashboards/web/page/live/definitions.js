/** The catalogue: every measure in words, SQL and DAX. Read once, when somebody wants to know. */

import { byId, element } from '../element.js';

export function showDefinitions(details, wanted) {
  const load = () => {
    fetch('api/measures')
      .then((response) => response.json())
      .then(({ measures }) => {
        byId('definition-list').replaceChildren(...measures.filter(wanted).flatMap(definition));
      })
      .catch(() => details.addEventListener('toggle', load, { once: true }));
  };
  details.addEventListener('toggle', load, { once: true });
}

function definition({ title, description, population, sql, dax }) {
  return [
    element('dt', {}, title),
    element(
      'dd',
      {},
      element('p', {}, `${description} Over: ${population}.`),
      element('p', {}, element('code', {}, sql)),
      element('p', {}, element('code', {}, dax)),
    ),
  ];
}
