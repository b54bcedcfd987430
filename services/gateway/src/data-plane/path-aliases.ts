/** A path that clients of a vendor use, and the path of the same route here. */
interface Alias {
  /** Cheap check before the pattern. */
  readonly prefix: string;
  readonly pattern: RegExp;
  readonly replacement: string;
  /** A parameter of the query that only the other server reads. */
  readonly dropped?: string;
}

/** The end of a Gemini route, `:generateContent`: before it is a model's name, which may begin with `openai/`. */
const METHOD = String.raw`(?![^?]*:\w+(?:\?|$))`;

/** Google Cloud's addresses of Google's own models (`vertexai=True`, with and without a project). */
const PUBLISHER = {
  pattern: /^\/v1(?:beta1?)?\/(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/google\//,
  replacement: '/v1beta/',
};

const ALIASES: readonly Alias[] = [
  // Azure's clients have the deployment in the path; those are routes of their own
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
 * Returns the target of the route that answers a path of another form: Azure's (`/openai/…`), Google's OpenAI form (`/v1beta/openai/…`), `/v1alpha/…` and Google
 * Cloud's. Any other target is returned as it is.
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
