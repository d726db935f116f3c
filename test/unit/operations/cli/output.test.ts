import { expect, it } from 'vitest';
import { createOutput } from '../../../../operations/cli/output.ts';

function written(json: boolean) {
  const [out, err]: string[][] = [[], []];
  const output = createOutput(
    { stdout: { write: (text) => out?.push(text) }, stderr: { write: (text) => err?.push(text) } },
    json,
  );
  return { output, stdout: () => (out ?? []).join(''), stderr: () => (err ?? []).join('') };
}

/** Clears the screen, sets a title, deletes, and turns the direction: what a ticket may hold. */
const EVIL = 'a\u001b[2J\u001b]0;owned\u0007\u009b1m\u007f\rb\u202ecba\u2066é 🎟️\tc\nd';

it('shows a person what would steer the terminal, and leaves everything else as it is', () => {
  const { output, stdout, stderr } = written(false);
  output.text(EVIL);
  output.note(EVIL);
  const shown =
    'a\\u001b[2J\\u001b]0;owned\\u0007\\u009b1m\\u007f\\u000db\\u202ecba\\u2066é 🎟️\tc\nd\n';
  expect(stdout()).toBe(shown);
  expect(stderr()).toBe(shown);
});

it('writes JSON that no terminal obeys and that says the same', () => {
  const { output, stdout } = written(true);
  output.document({ [EVIL]: EVIL });
  output.line({ text: EVIL });
  expect(stdout()).toMatch(/^[^\p{Cc}\p{Bidi_Control}]+\n[^\p{Cc}\p{Bidi_Control}]+\n$/u);
  const [document = '', line = ''] = stdout().split('\n');
  expect(JSON.parse(document)).toEqual({ [EVIL]: EVIL });
  expect(JSON.parse(line)).toEqual({ text: EVIL });
});
