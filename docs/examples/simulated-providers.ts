// Three providers of the examples, simulated in this process. A call costs per character of the prompt (a simulated model counts one
// token per character), and takes the given latency.
import { simulated } from '@sluice/providers';
import type { Target } from '@sluice/proxies';

function target(provider: string, model: string, usdPerCharacter: number, latencyMs: number): Target {
  return {
    name: `${provider}/${model}`,
    provider,
    model,
    weight: 1,
    price: { input: usdPerCharacter * 1_000_000, output: 0 },
    expectedLatencyMs: latencyMs,
    service: simulated(model, { latencyMs }),
  };
}

export const openai: Target = target('openai', 'gpt-4o-mini', 0.001, 500);
export const anthropic: Target = target('anthropic', 'claude-haiku-4-5', 0.0008, 300);
export const google: Target = target('google', 'gemini-2.5-flash', 0.0006, 400);
