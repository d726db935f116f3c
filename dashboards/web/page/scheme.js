/**
 * The viewer's colour scheme. A classic script in the head: the choice must stand before anything
 * is painted.
 */
{
  const KEY = 'careplus-scheme';
  const known = ['auto', 'light', 'dark'];

  /** Storage may be forbidden; then the choice lasts as long as the page. */
  const stored = () => {
    try {
      return window.localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const store = (scheme) => {
    try {
      window.localStorage.setItem(KEY, scheme);
    } catch {
      // Nothing to do: see above.
    }
  };

  const show = (scheme) => {
    document.documentElement.dataset.scheme = scheme;
    document.dispatchEvent(new window.Event('schemechange'));
  };

  const before = stored();
  show(known.includes(before) ? before : 'auto');

  document.addEventListener('DOMContentLoaded', () => {
    const button = document.getElementById('scheme');
    const tell = () => {
      const { scheme } = document.documentElement.dataset;
      const words = { auto: 'as the system', light: 'light', dark: 'dark' }[scheme];
      button.setAttribute('aria-label', `Colours: ${words}`);
      button.title = `Colours: ${words}`;
    };
    tell();
    button.addEventListener('click', () => {
      const { scheme } = document.documentElement.dataset;
      const next = known[(known.indexOf(scheme) + 1) % known.length];
      show(next);
      store(next);
      tell();
    });
  });
}
