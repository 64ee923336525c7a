// What is below the operations: the headers, paths and bodies that clients really send.

import test from 'node:test';
import assert from 'node:assert/strict';
import { base, key, templates } from './client.mjs';
import { onboarding } from './shapes.mjs';

const call = async (method, path, more = {}) => {
  const headers = { authorization: `Bearer ${key}`, ...more.headers };
  const answer = await fetch(base + path, { method, ...more, headers });
  const text = await answer.text();
  return { status: answer.status, type: answer.headers.get('content-type'), text, body: text ? JSON.parse(text) : undefined };
};
const json = (body) => ({ body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
const create = async () => (await templates.createFlowTemplate(null, onboarding())).data;

test('without a key, or with a wrong one, the answer is 401 with a message', async () => {
  for (const authorization of ['', 'Bearer sk_nonsense', 'Basic x', `Bearer sk_${'0'.repeat(64)}`]) {
    const answer = await call('GET', '/v2/flows/templates', { headers: { authorization } });
    assert.equal(answer.status, 401, authorization);
    assert.equal(typeof answer.body.message, 'string');
  }
});

test('the scheme and the header are read whatever their case', async () => {
  const answer = await call('GET', '/v2/flows/templates', { headers: { authorization: `bearer ${key}` } });
  assert.equal(answer.status, 200);
});

test('any Accept is answered with JSON', async () => {
  for (const accept of ['application/large-response.vnd+json', 'text/html', '*/*']) {
    const answer = await call('GET', '/v2/flows/templates', { headers: { accept } });
    assert.deepEqual([answer.status, answer.type], [200, 'application/json'], accept);
  }
});

test('a colon in a path is sent as it is or escaped', async () => {
  for (const colon of [':', '%3A', '%3a']) {
    const answer = await call('POST', `/v2/flows/templates${colon}search`, json({ size: 1 }));
    assert.equal(answer.status, 200, colon);
    assert.ok(Array.isArray(answer.body.results));
  }
});

test('a request without a body may say that it is a form', async () => {
  const { id } = await create();
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '0' };
  const answer = await call('POST', `/v2/flows/templates/${id}/duplicate`, { headers });
  assert.equal(answer.status, 201);
});

test('JSON is read whatever its content type', async () => {
  for (const type of ['application/json; charset=utf-8', 'application/vnd.x+json', 'application/x-www-form-urlencoded', 'text/plain']) {
    const answer = await call('POST', '/v2/flows/templates:search', { body: '{"size":1}', headers: { 'content-type': type } });
    assert.equal(answer.status, 200, type);
  }
});

test('a body that is no JSON, or not of the schema, is 400 with the field', async () => {
  const answer = await call('POST', '/v2/flows/templates', { body: '{"name"', headers: { 'content-type': 'application/json' } });
  assert.equal(answer.status, 400);
  assert.equal(typeof answer.body.message, 'string');
  const wrong = await call('POST', '/v2/flows/templates', json({ ...onboarding(), name: 7 }));
  assert.equal(wrong.status, 400);
  assert.match(wrong.body.message, /name/);
});

test('an escaped id is decoded before it is looked up', async () => {
  const { id } = await create();
  const escaped = [...id].map((sign) => `%${sign.charCodeAt(0).toString(16)}`).join('');
  assert.equal((await call('GET', `/v2/flows/templates/${escaped}`)).body.id, id);
  assert.equal((await call('GET', '/v2/flows/templates/a%2Fb%3Ac%20d')).status, 404);
});

test('204 has no body', async () => {
  const { id } = await create();
  const answer = await call('DELETE', `/v2/flows/templates/${id}`);
  assert.deepEqual([answer.status, answer.text], [204, '']);
});

test('a key without the scope is refused with a message', async () => {
  const made = await call('POST', '/v1/keys', json({ name: 'weak', kind: 'secret', scopes: ['contacts:read'] }));
  const headers = { authorization: `Bearer ${made.body.key}` };
  const answer = await call('GET', '/v2/flows/templates', { headers });
  assert.equal(answer.status, 403);
  assert.match(answer.body.message, /flow-templates:read/);
});
