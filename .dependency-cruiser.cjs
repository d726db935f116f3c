/**
 * Dependency direction: the folder tree is the architecture.
 * Each top folder names what it may import; everything else is refused.
 */
const mayImport = {
  schemas: [],
  runtime: ['schemas'],
  'cdc-reader': ['schemas', 'runtime'],
  'log-shipper': ['schemas', 'runtime'],
  'stream-processors': ['schemas', 'runtime'],
  'warehouse-loader': ['schemas', 'runtime'],
  dashboards: ['schemas', 'runtime'],
  operations: [
    'schemas',
    'runtime',
    'cdc-reader',
    'log-shipper',
    'stream-processors',
    'warehouse-loader',
    'dashboards',
    'infra/local',
  ],
  'infra/aws': ['schemas'],
  'infra/local': ['schemas', 'runtime'],
};

const folderRule = ([folder, allowed]) => ({
  name: `direction-of-${folder.replace('/', '-')}`,
  comment: `${folder} may import only ${allowed.length ? allowed.join(', ') : 'itself'}.`,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: {
    path: '^(schemas|runtime|cdc-reader|log-shipper|stream-processors|warehouse-loader|dashboards|operations|infra|test|bench)/',
    pathNot: `^(${[folder, ...allowed].join('|')})/`,
  },
});

module.exports = {
  forbidden: [
    ...Object.entries(mayImport).map(folderRule),
    {
      name: 'schemas-do-no-io',
      comment: 'Contracts are pure: no I/O modules, no clients.',
      severity: 'error',
      from: { path: '^schemas/' },
      to: {
        path: '^(node:)?(fs|net|http|https|child_process|worker_threads)(/|$)|node_modules/(kafkajs|pg|mysql2|@aws-sdk)',
      },
    },
    {
      name: 'verify-is-independent',
      comment: 'verify reads and counts for itself: it imports none of the four stages.',
      severity: 'error',
      from: { path: '^operations/verify/' },
      to: { path: '^(cdc-reader|log-shipper|stream-processors|warehouse-loader)/' },
    },
    {
      name: 'endpoint-knows-only-contracts',
      comment:
        'The local AWS endpoint shares nothing with the stages but schemas/, so that one bug cannot cancel out on both sides.',
      severity: 'error',
      from: { path: '^infra/local/aws-endpoint/' },
      to: { path: '^runtime/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(node_modules|\\.careplus|\\.test-state)' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
