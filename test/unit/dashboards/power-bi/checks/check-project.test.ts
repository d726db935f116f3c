import { expect, it } from 'vitest';
import { checkProject } from '../../../../../dashboards/power-bi/checks/check-project.ts';
import { files, styleSheet } from './damage.ts';

it('the Power BI project has no findings', () => {
  expect(files.size).toBeGreaterThan(100);
  expect(checkProject(files, styleSheet)).toEqual([]);
});
