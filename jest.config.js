import { availableParallelism } from 'node:os';

/** Tests run on the TypeScript sources (the packages' `source` condition); types are checked by tsc. @type {import('jest').Config} */
export default {
  testMatch: ['<rootDir>/packages/*/src/**/*.test.ts', '<rootDir>/services/*/src/**/*.test.ts', '<rootDir>/test/**/*.test.ts'],
  // the tests with containers and the chaos tests run separately
  testPathIgnorePatterns: [
    '/node_modules/',
    '/dist/',
    ...(process.env.SLUICE_E2E === '1' ? [] : ['<rootDir>/test/e2e/']),
    ...(process.env.SLUICE_CHAOS === '0' ? ['<rootDir>/test/chaos/'] : []),
  ],
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/.toolchain/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } }],
  },
  testEnvironmentOptions: { customExportConditions: ['@sluice/source', 'node', 'node-addons'] },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testTimeout: 60_000,
  // most tests start processes: one file per core, and at most four for the memory of a laptop
  maxWorkers: Math.min(availableParallelism(), 4),
};
