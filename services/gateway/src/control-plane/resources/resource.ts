import { defined } from '@sluice/core';
import express, { type Request, type Response, type Router } from 'express';
import { AdminError, notFound } from '../admin-error.ts';
import type { Administrator } from '../administrators.ts';
import { changeLine } from '../change-line.ts';
import { checked, checkedQuery } from '../checked.ts';
import { requireVersion, sendVersion } from '../etag.ts';
import { jsonBody } from '../json-body.ts';
import { type Scope, scoped } from '../permissions.ts';
import { withArticle } from '../schemas/resource-schemas.ts';
import type { Action, Edit, Permit, ResourceDefinition, States } from './resource-definition.ts';
import { findOwn, storedName } from './tenant-names.ts';

type CreateBody = Scope & { readonly name: string };

/**
 * Serves a kind of record: list, create, read, patch and delete, with permissions, entity tags and the change journal.
 * Further routes of the kind are added by `action`, or to `router`.
 *
 * @example
 * const teams = new Resource({ kind: 'team', schemas: teamSchemas, store, ...rest });
 * teams.action('block', () => ({ edit: (team) => ({ ...team, blockedAtMs: clock.now() }) }));
 * app.use('/teams', teams.router);
 */
export class Resource<Stored extends { readonly name: string }, Create extends CreateBody, Patch, Query extends Scope> {
  readonly router: Router;
  readonly #definition: ResourceDefinition<Stored, Create, Patch, Query>;

  /** @param router has routes of fixed paths, which take precedence over `/:name` */
  constructor(definition: ResourceDefinition<Stored, Create, Patch, Query>, router: Router = express.Router()) {
    this.#definition = definition;
    this.router = router;
    router.use(jsonBody());
    router.get('/', (request, response) => this.#list(request, response));
    router.post('/', (request, response) => this.#create(request, response));
    router.get('/:name', (request, response) => this.#read(request, response));
    router.patch('/:name', (request, response) => this.#patch(request, response));
    router.delete('/:name', (request, response) => this.#remove(request, response));
  }

  /**
   * Adds `POST /:name/VERB`, which changes a record and sends its new version.
   *
   * @param prepare returns the edit, and fields that only this response has
   */
  action(verb: string, prepare: () => Action<Stored>, permit: Permit = this.#definition.permit.change): this {
    this.router.post(`/:name/${verb}`, async (request, response) => {
      const administrator = permit(request);
      const before = await this.findFor(request, administrator, verb);
      const { edit, more } = prepare();
      const after = await this.#change(request, administrator, { action: verb, before, edit });
      this.send(response, after, more);
    });
    return this;
  }

  /** Returns the record in the path, by its plain or its stored name. @throws AdminError 404 if it is not visible */
  async find(request: Request, administrator: Administrator): Promise<Stored> {
    const { store, isOwn } = this.#definition;
    await store.refresh();
    const name = String(request.params['name']);
    const record = await findOwn(
      administrator,
      name,
      (one) => store.find(one),
      (one) => isOwn(administrator, one),
    );
    if (record === undefined) throw this.#missing();
    return record;
  }

  /** Like `find`, for an action. @throws AdminError 409 if the configuration forbids the action */
  async findFor(request: Request, administrator: Administrator, action: string): Promise<Stored> {
    const record = await this.find(request, administrator);
    const refusal = this.#definition.refusal(record.name, action);
    if (refusal !== undefined) throw new AdminError(409, 'conflict', refusal);
    return record;
  }

  /** Returns the journal line of a change. */
  line(request: Request, action: string, record: Stored, { before, after }: States<Stored>): string {
    const { kind, scopeOf, clock, shown } = this.#definition;
    const { tenant, team } = scopeOf(record);
    return changeLine(request, clock, {
      action: `${kind}.${action}`,
      kind,
      name: record.name,
      tenant,
      team,
      before: before && shown(before),
      after: after && shown(after),
    });
  }

  /** Sends a record with its entity tag, and the fields that only this response has. */
  send(response: Response, record: Stored, more: object = {}): void {
    sendVersion(response, record).json({ ...this.#definition.shown(record), ...more });
  }

  #missing(): AdminError {
    return notFound(`${this.#definition.schemas.title} of that name`);
  }

  /** Writes the next version of a record. @throws AdminError 404, 409, 412 */
  #change(
    request: Request,
    administrator: Administrator,
    { action, before, edit }: { readonly action: string; readonly before: Stored; readonly edit: Edit<Stored> },
  ): Promise<Stored> {
    const { store, isOwn } = this.#definition;
    return store.change(before, (current) => {
      requireVersion(request, current);
      const after = edit(current);
      // a change must not move a record out of or into another administrator's scope
      if (!isOwn(administrator, current) || !isOwn(administrator, after)) throw this.#missing();
      return { record: after, change: this.line(request, action, after, { before: current, after }) };
    });
  }

  async #list(request: Request, response: Response): Promise<void> {
    const { permit, schemas, store, list, shown, listed = shown } = this.#definition;
    const query = scoped(permit.read(request), checkedQuery(schemas.query, request.query));
    await store.refresh();
    const { records, next } = await list(query);
    if (next !== undefined) {
      const rest = new URLSearchParams({ ...(request.query as Record<string, string>), cursor: next });
      response.links({ next: `${request.baseUrl}?${rest}` });
    }
    response.json({ [schemas.plural]: await Promise.all(records.map(listed)), next });
  }

  async #create(request: Request, response: Response): Promise<void> {
    const { permit, schemas, store, make } = this.#definition;
    const administrator = permit.change(request);
    const body = scoped(administrator, checked(schemas.create, request.body));
    const name = storedName(administrator, body.name);
    await store.refresh();
    const { record, secret } = await make(name, body, administrator);
    const isTaken = await this.#hasOwn(administrator, body.name);
    if (isTaken || !(await store.create(record, this.line(request, 'create', record, { after: record })))) {
      const text = `There is ${withArticle(schemas.title)} named '${body.name}' already.`;
      throw new AdminError(409, 'conflict', text, { field: 'name' });
    }
    this.send(response.status(201), record, defined({ secret }));
  }

  /** Returns whether the tenant of an administrator has a record with a plain name. */
  async #hasOwn({ tenant }: Administrator, name: string): Promise<boolean> {
    if (tenant === undefined) return false;
    const { store, scopeOf, isNamed = () => true } = this.#definition;
    const record = await store.find(name);
    return record !== undefined && isNamed(record) && scopeOf(record).tenant === tenant;
  }

  async #read(request: Request, response: Response): Promise<void> {
    const { permit, shown, detail = shown } = this.#definition;
    const record = await this.find(request, permit.read(request));
    sendVersion(response, record).json(await detail(record));
  }

  async #patch(request: Request, response: Response): Promise<void> {
    const { permit, schemas, patch } = this.#definition;
    const administrator = permit.change(request);
    const before = await this.findFor(request, administrator, 'change');
    const edit = await patch(checked(schemas.patch, request.body), administrator);
    this.send(response, await this.#change(request, administrator, { action: 'change', before, edit }));
  }

  async #remove(request: Request, response: Response): Promise<void> {
    const { permit, store, removal, refuseUsed } = this.#definition;
    const before = await this.findFor(request, permit.change(request), removal);
    requireVersion(request, before);
    await refuseUsed?.(before);
    await store.remove(before, (after) => this.line(request, removal, before, { before, after }));
    response.status(204).end();
  }
}
