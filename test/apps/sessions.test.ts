/** Owns sessions of express in connect-redis, used as its documentation shows, through requests of a browser. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session, { type SessionData } from 'express-session';
import { expect, it } from 'vitest';
import { describePlaces, type Place } from '../helpers/places.ts';

declare module 'express-session' {
  interface SessionData {
    user: string;
    views: number;
  }
}

interface Shop {
  readonly store: RedisStore;
  /** GET as a browser that keeps this cookie; the reply's text. */
  get(path: string, browser: Browser): Promise<string>;
}

class Browser {
  cookie = '';
  get sessionId(): string {
    return /connect\.sid=s%3A([^.]+)/.exec(this.cookie)?.[1] ?? '';
  }
}

/** An application with sessions, listening until the end of the test. */
async function openShop(place: Place, options: { ttl?: number; maxAgeMs?: number } = {}): Promise<Shop> {
  const { maxAgeMs, ...storeOptions } = options;
  const store = new RedisStore({ client: await place.nodeRedis(), prefix: 'shop:', ...storeOptions });
  const app = express();
  const cookie = maxAgeMs === undefined ? {} : { maxAge: maxAgeMs };
  app.use(session({ store, resave: false, saveUninitialized: false, secret: 'keyboard cat', cookie }));
  app.get('/login/:user', (request, response) => {
    request.session.user = request.params.user;
    request.session.views = 0;
    response.send('welcome');
  });
  app.get('/', (request, response) => {
    if (request.session.views !== undefined) request.session.views++;
    response.send(`${request.session.user ?? 'nobody'} ${request.session.views ?? '-'}`);
  });
  app.get('/who', (request, response) => {
    response.send(request.session.user ?? 'nobody');
  });
  app.get('/again', (request, response, next) => {
    request.session.regenerate((error) => (error ? next(error) : response.send('new')));
  });
  app.get('/logout', (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.send('bye')));
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  place.atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    store,
    async get(path, browser) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { cookie: browser.cookie },
      });
      const given = response.headers.get('set-cookie');
      if (given !== null) browser.cookie = given.split(';')[0] ?? '';
      return response.text();
    },
  };
}

describePlaces((place) => {
  it('keeps what a visitor did from request to request, for each visitor', async () => {
    const shop = await openShop(place);
    const [eve, bob, nobody] = [new Browser(), new Browser(), new Browser()];
    expect(await shop.get('/', nobody)).toBe('nobody -');
    expect(nobody.cookie).toBe('');
    for (const [browser, name] of [
      [eve, 'eve'],
      [bob, 'bob'],
    ] as const)
      expect(await shop.get(`/login/${name}`, browser)).toBe('welcome');
    expect(await shop.get('/', eve)).toBe('eve 1');
    expect(await shop.get('/', eve)).toBe('eve 2');
    expect(await shop.get('/', bob)).toBe('bob 1');
    // Another process of the same application.
    expect(await (await openShop(place)).get('/', bob)).toBe('bob 2');
    expect(await shop.store.get(eve.sessionId)).toMatchObject({ user: 'eve', views: 2 });
    const kept = await place.ioredis().get(`shop:${eve.sessionId}`);
    expect(JSON.parse(kept ?? '')).toMatchObject({ user: 'eve', views: 2, cookie: { path: '/' } });
  });

  it('forgets who logs out, and gives who starts anew another session', async () => {
    const shop = await openShop(place);
    const browser = new Browser();
    await shop.get('/login/eve', browser);
    const first = browser.sessionId;
    expect(await shop.get('/again', browser)).toBe('new');
    expect(await shop.store.get(first)).toBeNull();
    await shop.get('/login/bob', browser);
    expect(browser.sessionId).not.toBe(first);
    expect(await shop.get('/logout', browser)).toBe('bye');
    expect(await shop.get('/', browser)).toBe('nobody -');
    expect(await shop.store.length()).toBe(0);
  });

  it('lets a session live as long as its cookie, or the store, says, and longer when it is used', async () => {
    const client = place.ioredis();
    const cases = [
      { options: {}, lifeSeconds: 86_400 },
      { options: { ttl: 500 }, lifeSeconds: 500 },
      { options: { maxAgeMs: 300_000 }, lifeSeconds: 300 },
    ];
    for (const { options, lifeSeconds } of cases) {
      const shop = await openShop(place, options);
      const browser = new Browser();
      await shop.get('/login/eve', browser);
      const key = `shop:${browser.sessionId}`;
      expect(await client.ttl(key)).toBeGreaterThan(lifeSeconds - 60);
      expect(await client.ttl(key)).toBeLessThanOrEqual(lifeSeconds);
      await client.expire(key, 100);
      // Nothing of the session changes: it is touched only.
      expect(await shop.get('/who', browser)).toBe('eve');
      expect(await client.ttl(key)).toBeGreaterThan(lifeSeconds - 60);
      await client.pexpire(key, 0);
      expect(await shop.get('/who', browser)).toBe('nobody');
    }
  });

  it('lists and clears the sessions of this application, on every node', async () => {
    const { store } = await openShop(place);
    const client = place.ioredis();
    await client.set('another:application', 'kept');
    const ids = Array.from({ length: 250 }, (_, index) => `id${index}`);
    const data = (user: string): SessionData => ({ cookie: { originalMaxAge: null }, user, views: 1 });
    await Promise.all(ids.map((id) => store.set(id, data(id))));
    expect(await store.length()).toBe(ids.length);
    expect((await store.ids()).sort()).toEqual([...ids].sort());
    const all: { id: string; user: string }[] = await store.all();
    expect(all.every(({ id, user }) => id === user)).toBe(true);
    expect(all).toHaveLength(ids.length);
    await store.destroy('id0');
    await store.touch('id1', data('id1'));
    expect(await store.length()).toBe(ids.length - 1);
    await store.clear();
    expect(await store.length()).toBe(0);
    expect(await client.get('another:application')).toBe('kept');
  });
});
