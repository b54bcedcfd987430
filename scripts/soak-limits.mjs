// Attacks limits with a million calls and a moved clock: node scripts/toolchain.mjs soak-limits [--hits N] [--seed N]
await import('../test/integration/limits-soak/main.ts');
