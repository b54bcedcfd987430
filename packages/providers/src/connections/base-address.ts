/** Pattern of header and parameter names with secret values. */
export const SECRET_NAME = /key|token|secret|auth|cookie|sig/i;

/** The address of a provider's API: an origin, a path, and a query of every request (`?api-version=2024-10-21`). */
export class BaseAddress {
  readonly origin: string;
  /** Without a trailing slash. */
  readonly path: string;
  /** Names and values of the query that may be secrets. */
  readonly secrets: readonly string[];
  readonly #query: string;
  readonly #names: ReadonlySet<string>;

  constructor(address: string) {
    const url = new URL(address);
    this.origin = url.origin;
    this.path = url.pathname.replace(/\/+$/, '');
    this.#query = url.search.slice(1);
    this.#names = new Set(url.searchParams.keys());
    this.secrets = [...url.searchParams].filter(([name]) => SECRET_NAME.test(name)).flat();
  }

  /**
   * Returns the complete path below this address, with the queries of both. A parameter of the address wins: a request cannot
   * replace it.
   *
   * @param below a path with or without a query
   * @param above a path in front of this address's path
   */
  pathOf(below: string, above = ''): string {
    if (this.#query === '') return above + this.path + below;
    const [path = '', query = ''] = below.split('?', 2);
    const kept = query.split('&').filter((pair) => pair !== '' && !this.#names.has(nameOf(pair)));
    return `${above}${this.path}${path}?${[...kept, this.#query].join('&')}`;
  }
}

function nameOf(pair: string): string {
  const [name = ''] = new URLSearchParams(pair).keys();
  return name;
}
