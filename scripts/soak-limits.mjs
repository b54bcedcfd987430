// Tests limits with a million calls and a changing clock: node scripts/toolchain.mjs soak-limits [--hits N] [--seed N]
await import('../test/integration/limits-soak/main.ts');
