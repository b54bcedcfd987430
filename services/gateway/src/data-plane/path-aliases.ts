/** A path that a vendor's clients use, and the path of the same route in this gateway. */
interface Alias {
  /** Cheap check before the pattern. */
  readonly prefix: string;
  readonly pattern: RegExp;
  readonly replacement: string;
  /** A query parameter that only the vendor's server reads. */
  readonly dropped?: string;
}

/** The end of a Gemini route, such as `:generateContent`. The model name before it may begin with `openai/`. */
const METHOD = String.raw`(?![^?]*:\w+(?:\?|$))`;

/** Google Cloud's addresses of Google's own models (`vertexai=True`, with and without a project). */
const PUBLISHER = {
  pattern: /^\/v1(?:beta1?)?\/(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/google\//,
  replacement: '/v1beta/',
};

const ALIASES: readonly Alias[] = [
  // paths with `deployments/` are excluded: Azure's clients send the model there, and those paths are separate routes
  { prefix: '/openai/', pattern: /^\/openai\/(?:v1\/)?(?!deployments\/)/, replacement: '/v1/', dropped: 'api-version' },
  { prefix: '/v1beta/openai/', pattern: new RegExp(`^/v1beta/openai/${METHOD}`), replacement: '/v1/' },
  { prefix: '/v1alpha/openai/', pattern: new RegExp(`^/v1alpha/openai/${METHOD}`), replacement: '/v1/' },
  { prefix: '/v1alpha/', pattern: /^\/v1alpha\//, replacement: '/v1beta/' },
  { prefix: '/upload/v1alpha/', pattern: /^\/upload\/v1alpha\//, replacement: '/upload/v1beta/' },
  { prefix: '/v1beta1/', ...PUBLISHER },
  { prefix: '/v1/projects/', ...PUBLISHER },
  { prefix: '/v1/publishers/', ...PUBLISHER },
];

/**
 * Returns the gateway's own target for an alias: Azure's (`/openai/…`), Google's OpenAI-compatible paths (`/v1beta/openai/…`),
 * `/v1alpha/…` and Google Cloud's. Any other target is returned unchanged.
 *
 * @param target in its canonical form
 */
export function servedTarget(target: string): string {
  for (const { prefix, pattern, replacement, dropped } of ALIASES) {
    if (!target.startsWith(prefix) || !pattern.test(target)) continue;
    const served = target.replace(pattern, replacement);
    return dropped === undefined ? served : withoutParameter(served, dropped);
  }
  return target;
}

function withoutParameter(target: string, name: string): string {
  const [path = '', query] = target.split('?', 2);
  if (query === undefined) return target;
  const kept = query.split('&').filter((pair) => pair.split('=', 1)[0] !== name);
  return kept.length === 0 ? path : `${path}?${kept.join('&')}`;
}
