// Runs coding agents from npm against the gateway: node scripts/toolchain.mjs agents [--only NAME,…] [--models NAME,…]
// [--packages FOLDER] [--verbose]
await import('../test/agents/main.ts');
