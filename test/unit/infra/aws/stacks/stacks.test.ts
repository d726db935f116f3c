import { rmSync } from 'node:fs';
import { afterAll } from 'vitest';
import { registerContractTests } from './fixtures/contract-tests.ts';
import { example } from '../fixtures/example-deployment.ts';
import { synthesise } from './fixtures/example-app.ts';
import { registerDeliveryRoleTests } from './fixtures/delivery-role-tests.ts';
import { registerOrderTests } from './fixtures/order-tests.ts';
import { registerSecurityTests } from './fixtures/security-tests.ts';
import { registerServiceTests } from './fixtures/service-tests.ts';
import { registerWatchTests } from './fixtures/watch-tests.ts';

// One synthesis for all of them: it takes longer than every test together.
const app = synthesise(example);
afterAll(() => rmSync(app.outdir, { recursive: true, force: true }));

registerSecurityTests(app);
registerOrderTests(app);
registerServiceTests(app);
registerContractTests(app);
registerDeliveryRoleTests(app);
registerWatchTests(app);
