import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { name } from '@sluice/config';
import { systemClock } from '@sluice/core';
import express from 'express';
import { z } from 'zod';
import { signedIn } from '../../../../../test/support/signed-in.ts';
import { adminErrors } from '../admin-error.ts';
import type { Administrator } from '../administrators.ts';
import { permit, within } from '../permissions.ts';
import { pageOf, pageQuery } from '../schemas/resource-schemas.ts';
import { Resource } from './resource.ts';
import type { ResourceStore } from './resource-store.ts';

interface Note {
  readonly name: string;
  readonly tenant: string;
  readonly text: string;
  readonly hash: string;
}

/** Stores notes in memory, with the lines of the journal. */
class NoteStore implements ResourceStore<Note> {
  readonly notes = new Map<string, Note>();
  readonly journal: string[] = [];

  async refresh(): Promise<void> {}

  find(name: string): Note | undefined {
    return this.notes.get(name);
  }

  async create(record: Note, change: string): Promise<boolean> {
    if (this.notes.has(record.name)) return false;
    this.#write(record, change);
    return true;
  }

  async change(before: Note, edit: (record: Note) => { record: Note; change: string }): Promise<Note> {
    const { record, change } = edit(this.notes.get(before.name) ?? before);
    this.#write(record, change);
    return record;
  }

  async remove(before: Note, line: (after: undefined) => string): Promise<void> {
    this.notes.delete(before.name);
    this.journal.push(line(undefined));
  }

  #write(record: Note, change: string): void {
    this.notes.set(record.name, record);
    this.journal.push(change);
  }
}

const record = z.looseObject({ name: z.string(), tenant: z.string(), text: z.string() });

function noteResource(store: NoteStore) {
  return new Resource({
    kind: 'key',
    schemas: {
      title: 'note',
      plural: 'notes',
      query: z.strictObject({ ...pageQuery, tenant: name.optional() }),
      create: z.strictObject({ name, tenant: name.optional(), text: z.string() }),
      patch: z.strictObject({ text: z.string().optional(), tenant: name.optional() }),
      record,
      page: pageOf('notes', record),
    },
    store,
    clock: systemClock,
    permit: { read: (request) => permit(request, 'read'), change: (request) => permit(request, 'keys') },
    scopeOf: ({ tenant }) => ({ tenant }),
    isOwn: within,
    shown: ({ hash: _, ...note }) => note,
    detail: ({ name, text }) => ({ name, length: text.length }),
    list: async ({ limit, cursor = '', tenant }) => {
      const found = [...store.notes.values()].filter((note) => within({ tenant }, note) && note.name > cursor);
      return { records: found.slice(0, limit), next: found.length > limit ? found[limit - 1]?.name : undefined };
    },
    make: async (name, { tenant = 'none', text }) => ({ record: { name, tenant, text, hash: 'h' }, secret: 's' }),
    patch: (body) => (note) => ({ ...note, ...body }) as Note,
    refusal: (name, action) => (name === 'fixed' ? `'fixed' does not allow ${action}.` : undefined),
    removal: 'delete',
    refuseUsed: async ({ text }) => {
      if (text === 'used') throw new Error('used');
    },
  }).action('shout', () => ({ edit: (note) => ({ ...note, text: note.text.toUpperCase() }), more: { loud: true } }));
}

describe('Resource', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** Serves notes for one administrator. */
  async function serve(administrator?: Administrator, store = new NoteStore()) {
    const faults: unknown[] = [];
    const app = express().disable('etag');
    app.use(signedIn(administrator), express.Router().use('/notes', noteResource(store).router));
    app.use(adminErrors((error) => faults.push(error)));
    const server = app.listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const ask = async (method: string, path = '', body?: object, headers: Record<string, string> = {}) => {
      const response = await fetch(`http://127.0.0.1:${port}/notes${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, json: text === '' ? undefined : JSON.parse(text) };
    };
    return { ask, store, faults, journal: () => store.journal.map((line) => JSON.parse(line)) };
  }

  it('creates a record with its entity tag, and returns its secret only then', async () => {
    const { ask } = await serve();
    const made = await ask('POST', '', { name: 'a', text: 'hi' });
    expect([made.status, made.json]).toEqual([201, { name: 'a', tenant: 'none', text: 'hi', secret: 's' }]);
    const read = await ask('GET', '/a');
    expect([read.status, read.json, read.headers.get('etag')]).toEqual([200, { name: 'a', length: 2 }, made.headers.get('etag')]);
    expect((await ask('GET')).json).toEqual({ notes: [{ name: 'a', tenant: 'none', text: 'hi' }] });
  });

  it('refuses a name that is taken, and names the field', async () => {
    const { ask } = await serve();
    await ask('POST', '', { name: 'a', text: 'hi' });
    const { json } = await ask('POST', '', { name: 'a', text: 'hi' });
    expect(json).toMatchObject({ status: 409, field: 'name', detail: "There is a note named 'a' already." });
  });

  it('pages a list and links to the next page', async () => {
    const { ask } = await serve();
    for (const name of ['a', 'b', 'c']) await ask('POST', '', { name, text: name });
    const first = await ask('GET', '?limit=2');
    expect([first.json.notes.length, first.json.next]).toEqual([2, 'b']);
    expect(first.headers.get('link')).toBe('</notes?limit=2&cursor=b>; rel="next"');
    const second = await ask('GET', '?limit=2&cursor=b');
    expect([second.json.notes.length, second.json.next, second.headers.get('link')]).toEqual([1, undefined, null]);
  });

  it('changes a record only if If-Match names its version', async () => {
    const { ask } = await serve();
    const version = (await ask('POST', '', { name: 'a', text: 'hi' })).headers.get('etag') ?? '';
    const changed = await ask('PATCH', '/a', { text: 'ho' }, { 'if-match': version });
    expect([changed.status, changed.json.text]).toEqual([200, 'ho']);
    for (const [method, path] of [
      ['PATCH', '/a'],
      ['DELETE', '/a'],
      ['POST', '/a/shout'],
    ] as const) {
      const body = method === 'PATCH' ? { text: 'x' } : undefined;
      expect([method, (await ask(method, path, body, { 'if-match': version })).status]).toEqual([method, 412]);
    }
    expect((await ask('DELETE', '/a', undefined, { 'if-match': changed.headers.get('etag') ?? '' })).status).toBe(204);
    expect((await ask('GET', '/a')).json.detail).toBe('There is no note of that name.');
  });

  it('writes each change to the journal with the states before and after, without secrets', async () => {
    const { ask, journal, store } = await serve();
    await ask('POST', '', { name: 'a', text: 'hi' });
    expect((await ask('POST', '/a/shout')).json).toEqual({ name: 'a', tenant: 'none', text: 'HI', loud: true });
    await ask('DELETE', '/a');
    const state = (text: string) => ({ name: 'a', tenant: 'none', text });
    expect(journal().map(({ action, name, tenant, before, after }) => ({ action, name, tenant, before, after }))).toEqual([
      { action: 'key.create', name: 'a', tenant: 'none', after: state('hi') },
      { action: 'key.shout', name: 'a', tenant: 'none', before: state('hi'), after: state('HI') },
      { action: 'key.delete', name: 'a', tenant: 'none', before: state('HI') },
    ]);
    expect(store.journal.join()).not.toContain('hash');
  });

  it('writes nothing for a refused request', async () => {
    const { ask, journal, store } = await serve();
    store.notes.set('fixed', { name: 'fixed', tenant: 'none', text: 'x', hash: 'h' });
    store.notes.set('used', { name: 'used', tenant: 'none', text: 'used', hash: 'h' });
    const refused = await ask('PATCH', '/fixed', { text: 'y' });
    expect([refused.status, refused.json.detail]).toEqual([409, "'fixed' does not allow change."]);
    expect((await ask('POST', '/fixed/shout')).json.detail).toBe("'fixed' does not allow shout.");
    expect((await ask('DELETE', '/used')).status).toBe(503);
    expect((await ask('PATCH', '/used', { colour: 'red' })).status).toBe(400);
    expect((await ask('POST', '', { name: 'b' })).json.field).toBe('text');
    expect(journal()).toEqual([]);
  });

  it('checks permission, existence, configuration, body and version in this order', async () => {
    const store = new NoteStore();
    for (const name of ['fixed', 'free']) store.notes.set(name, { name, tenant: 'none', text: 'x', hash: 'h' });
    const viewer = await serve({ name: 'v', role: 'viewer' }, store);
    const owner = await serve(undefined, store);
    const wrong = { colour: 'red' };
    const old = { 'if-match': '"old"' };
    expect((await viewer.ask('PATCH', '/missing', wrong, old)).status).toBe(403);
    expect((await owner.ask('PATCH', '/missing', wrong, old)).status).toBe(404);
    expect((await owner.ask('PATCH', '/fixed', wrong, old)).status).toBe(409);
    expect((await owner.ask('PATCH', '/free', wrong, old)).status).toBe(400);
    expect((await owner.ask('PATCH', '/free', { text: 'y' }, old)).status).toBe(412);
  });

  it('refuses a role without the permission', async () => {
    const { ask } = await serve({ name: 'v', role: 'viewer' });
    expect((await ask('GET')).status).toBe(200);
    for (const method of ['POST', 'PATCH', 'DELETE']) {
      expect((await ask(method, method === 'POST' ? '' : '/a', { name: 'a', text: 'x' })).status).toBe(403);
    }
  });

  it('shows an administrator of one tenant only its records, and names new ones after the tenant', async () => {
    const store = new NoteStore();
    store.notes.set('other', { name: 'other', tenant: 'other', text: 'x', hash: 'h' });
    store.notes.set('plain', { name: 'plain', tenant: 'acme', text: 'x', hash: 'h' });
    const { ask } = await serve({ name: 'ann', role: 'owner', tenant: 'acme' }, store);
    expect((await ask('POST', '', { name: 'new', text: 'x' })).json).toMatchObject({ name: 'acme.new', tenant: 'acme' });
    expect((await ask('GET')).json.notes.map((note: Note) => note.name)).toEqual(['plain', 'acme.new']);
    expect((await ask('PATCH', '/new', { text: 'y' })).json.name).toBe('acme.new');
    expect((await ask('GET', '/other')).status).toBe(404);
    expect((await ask('POST', '', { name: 'plain', text: 'x' })).status).toBe(409);
    expect((await ask('POST', '', { name: 'b', text: 'x', tenant: 'other' })).status).toBe(403);
    // a change that moves a record into another tenant
    expect((await ask('PATCH', '/new', { tenant: 'other' })).status).toBe(404);
    expect(store.notes.get('acme.new')?.tenant).toBe('acme');
  });
});
