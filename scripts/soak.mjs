// Injects random faults into all components under load: node scripts/toolchain.mjs soak --minutes 10 [--seed 42]
await import('../test/chaos/soak/main.ts');
