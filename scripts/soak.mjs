// Breaks everything that can break, at random, under load: node scripts/toolchain.mjs soak --minutes 10 [--seed 42]
await import('../test/chaos/soak/main.ts');
