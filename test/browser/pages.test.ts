import { beforeAll, describe, expect, it } from 'vitest';
import { describeAccess } from './access-suite.ts';
import { describeFigures } from './figure-suite.ts';
import { describeFilters } from './filter-suite.ts';
import { createPageWorld, type PageWorld } from './page-world.ts';
import { describePipeline } from './pipeline-suite.ts';
import { describeStates } from './state-suite.ts';

describe('the pages in a browser', () => {
  let world: PageWorld;
  const theWorld = () => world;

  beforeAll(async () => {
    world = await createPageWorld();
    return () => world[Symbol.asyncDispose]();
  });

  // One after another over one stack: each leaves it as the next one needs it.
  describePipeline(theWorld);
  describeFigures(theWorld);
  describeFilters(theWorld);
  describeAccess(theWorld);
  describeStates(theWorld);

  it('have made no error and asked nobody else', () => {
    expect(world.conduct).toEqual({ errors: [], foreignRequests: [] });
  });
});
