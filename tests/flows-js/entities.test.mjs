// The three routes of entities, through the vendor's client of its entity API.

import test from 'node:test';
import assert from 'node:assert/strict';
import { entities, refused } from './client.mjs';

const nobody = '0190d3c8-0000-7000-8000-000000000000';

test('an entity has the attributes that were sent and those of the server', async () => {
  const { data: made, status } = await entities.createEntity('opportunity', { status: 'won', price: { amount: 12 }, tags: ['a'] });
  assert.equal(status, 201);
  assert.deepEqual([made.status, made.price, made.tags, made._schema], ['won', { amount: 12 }, ['a'], 'opportunity']);
  assert.ok(made._id && made._org && made._created_at && made._updated_at);
  const { data } = await entities.getEntity({ slug: 'opportunity', id: made._id });
  for (const [name, value] of Object.entries(made)) assert.deepEqual(data.entity[name], value, name);
  assert.deepEqual(data.relations, []);
});

test('a patch merges the members it has, and null takes one away', async () => {
  const { data: made } = await entities.createEntity('opportunity', { status: 'open', a: { b: 1, c: 2 }, gone: 1 });
  const where = { slug: 'opportunity', id: made._id };
  const { data: patched, status } = await entities.patchEntity(where, { status: 'won', a: { b: 3 }, gone: null });
  assert.deepEqual([status, patched.status, patched.a, 'gone' in patched], [200, 'won', { b: 3 }, false]);
  assert.deepEqual((await entities.getEntity(where)).data.entity.a, { b: 3 });
});

test('the schema contact is the contact of the workflows', async () => {
  const { data: made } = await entities.createEntity('contact', { email: 'ada@example.org', plan: 'pro' });
  assert.deepEqual([made.email, made.plan, made._schema], ['ada@example.org', 'pro', 'contact']);
  const where = { slug: 'contact', id: made._id };
  await entities.patchEntity(where, { plan: 'free' });
  const { data } = await entities.getEntity(where);
  assert.deepEqual([data.entity.email, data.entity.plan], ['ada@example.org', 'free']);
  const nameless = await refused(entities.createEntity('contact', { plan: 'pro' }));
  assert.equal(nameless.status, 400);
  assert.match(nameless.message, /email/);
});

test('an entity of another schema or of none is not found', async () => {
  const { data: made } = await entities.createEntity('order', { number: 7 });
  for (const where of [
    { slug: 'opportunity', id: made._id },
    { slug: 'order', id: nobody },
    { slug: 'order', id: 'x' },
    { slug: 'contact', id: nobody },
  ]) {
    assert.equal((await refused(entities.getEntity(where))).status, 404, JSON.stringify(where));
    assert.equal((await refused(entities.patchEntity(where, { a: 1 }))).status, 404, JSON.stringify(where));
  }
});

test('what is no entity is refused, and nothing is stored', async () => {
  for (const body of [[], 'text']) {
    assert.equal((await refused(entities.createEntity('order', body))).status, 400, JSON.stringify(body));
  }
  assert.equal((await refused(entities.createEntity('bad slug!', { a: 1 }))).status, 400);
  assert.equal((await refused(entities.createEntity('order', { text: 'x'.repeat(70_000) }))).status, 400);
  const { data: made } = await entities.createEntity('order', { number: 7 });
  const where = { slug: 'order', id: made._id };
  assert.equal((await refused(entities.patchEntity(where, { text: 'x'.repeat(70_000) }))).status, 400);
  assert.equal((await entities.getEntity(where)).data.entity.number, 7);
  assert.equal((await refused(entities.createEntity('order', { _id: made._id }))).status, 409);
});
