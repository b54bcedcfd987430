/** Import boundaries (docs/architecture.md). @type {import('dependency-cruiser').IConfiguration} */
const source = (name) => `^packages/${name}/src/`;
const only = (name, from, to, comment) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    only('no-cycles', {}, { circular: true }, 'A cycle cannot be understood in parts.'),
    only(
      'core-depends-on-nothing',
      { path: source('core'), pathNot: '\\.test\\.ts$' },
      { pathNot: source('core') },
      'The vocabulary has no I/O and no dependency.',
    ),
    only(
      'near-match-depends-on-nothing',
      { path: source('near-match'), pathNot: '\\.test\\.ts$|/testing/' },
      { pathNot: source('near-match') },
      'Rules of language have no I/O and no dependency.',
    ),
    only(
      'inner-packages-know-core-alone',
      { path: '^packages/(dialects|pricing|telemetry|config)/src/' },
      { path: '^(packages/(store|proxies|providers)|services)/' },
      'dialects, pricing, telemetry and config are below the other packages.',
    ),
    only(
      'ports-know-core-alone',
      { path: `${source('store')}ports/`, pathNot: '\\.(test|contract)\\.ts$' },
      { path: `${source('store')}(redis|memory)/` },
      'A port does not know its adapters.',
    ),
    only(
      'proxies-know-ports-alone',
      { path: source('proxies'), pathNot: '\\.test\\.ts$' },
      { path: [`${source('store')}(redis|memory)/`, source('providers'), source('telemetry'), '^services/'] },
      'A proxy uses ports of the store and of metrics, never Redis, HTTP or a metrics library.',
    ),
    only('packages-know-no-service', { path: '^packages/' }, { path: '^services/' }, 'Libraries do not depend on their users.'),
    only(
      'adapters-do-not-mix',
      // a contract compares the results of two adapters
      { path: `${source('store')}redis/`, pathNot: '\\.contract\\.ts$' },
      { path: `${source('store')}memory/` },
      'Adapters are independent of each other.',
    ),
    only(
      'ioredis-in-one-place',
      { path: '^(packages|services)/', pathNot: [`${source('store')}redis/`, '\\.test\\.ts$'] },
      { path: 'node_modules/ioredis' },
      'Only the Redis adapter uses Redis.',
    ),
    only(
      'limiter-in-one-place',
      { path: '^(packages|services)/', pathNot: `${source('store')}redis/` },
      { path: 'node_modules/rate-limiter-flexible' },
      'It is a detail of the Redis adapter.',
    ),
    only('express-in-services', { path: '^packages/' }, { path: 'node_modules/express' }, 'No package listens on a port.'),
    only(
      'undici-in-providers',
      { path: '^(packages|services)/', pathNot: [source('providers'), '\\.test\\.ts$'] },
      { path: 'node_modules/undici' },
      'Only providers send requests.',
    ),
    only(
      'ws-in-realtime-folders',
      { path: '^(packages|services)/', pathNot: ['/src/(data-plane/)?realtime/', '\\.test\\.ts$'] },
      { path: 'node_modules/ws/' },
      'A session is a RealtimePeer everywhere else.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['@sluice/source', 'import', 'node', 'default'] },
  },
};
