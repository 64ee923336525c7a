// The operations on definitions of checklists (V1), and the limit.

import test from 'node:test';
import assert from 'node:assert/strict';
import { refused, templates } from './client.mjs';
import { checklist } from './shapes.mjs';

const create = async (more = {}) => (await templates.createDefinition(null, { ...checklist(), ...more })).data;
const load = async (id) => (await templates.getDefinition(id)).data;

test('a definition is stored as it was sent, and what has no id gets one', async () => {
  const sent = checklist();
  const { data: made, status } = await templates.createDefinition(null, sent);
  assert.equal(status, 201);
  for (const name of ['name', 'description', 'enabled', 'assignedTo', 'taxonomies']) assert.deepEqual(made[name], sent[name], name);
  assert.ok(made.id && made.creationTime && made.lastUpdateTime);
  assert.deepEqual(made.flow[0], sent.flow[0]);
  assert.match(made.flow[1].id, /^.{6,11}$/);
  assert.match(made.flow[1].steps[0].id, /^.{6,11}$/);
  assert.deepEqual(await load(made.id), made);
});

test('all definitions are listed, and no templates of flows', async () => {
  const made = await create({ name: 'Listed' });
  const { data } = await templates.getDefinitions();
  assert.ok(data.some((one) => one.id === made.id && one.name === 'Listed'));
  assert.ok(data.every((one) => Array.isArray(one.flow)));
});

test('an update takes the place of all of it', async () => {
  const made = await create();
  const flow = [made.flow[1], made.flow[0]];
  const { data: updated, status } = await templates.updateDefinition(made.id, { ...made, name: 'Renamed', flow });
  assert.equal(status, 200);
  assert.deepEqual([updated.name, updated.flow, updated.creationTime], ['Renamed', flow, made.creationTime]);
  assert.deepEqual(await load(made.id), updated);
});

test('a definition that is deleted is gone', async () => {
  const made = await create();
  assert.equal((await templates.deleteDefinition(made.id)).status, 204);
  assert.equal((await refused(templates.getDefinition(made.id))).status, 404);
  assert.equal((await refused(templates.deleteDefinition(made.id))).status, 404);
  assert.equal((await refused(templates.updateDefinition(made.id, checklist()))).status, 400);
});

test('what is wrong with a definition is named, and nothing is stored', async () => {
  const before = (await templates.getDefinitions()).data.length;
  const wrong = async (more, word) => {
    const body = JSON.parse(JSON.stringify({ ...checklist(), ...more }));
    const answer = await refused(templates.createDefinition(null, body));
    assert.equal(answer.status, 400, JSON.stringify(more));
    assert.match(answer.message, word);
  };
  await wrong({ name: undefined }, /name/);
  await wrong({ flow: undefined }, /flow/);
  await wrong({ flow: [{ name: 'x', order: 1, type: 'NONSENSE', steps: [] }] }, /flow/);
  await wrong({ flow: [{ name: 'x', order: 1, type: 'SECTION' }] }, /flow/);
  assert.equal((await templates.getDefinitions()).data.length, before);
});

test('what is unknown is not found', async () => {
  for (const id of ['0190d3c8-0000-7000-8000-000000000000', 'nobody', 'a/b:c d']) {
    assert.equal((await refused(templates.getDefinition(id))).status, 404, id);
    assert.equal((await refused(templates.deleteDefinition(id))).status, 404, id);
    assert.equal((await refused(templates.updateDefinition(id, checklist()))).status, 400, id);
  }
});

test('the limit counts what there is', async () => {
  const { data: before } = await templates.getMaxAllowedLimit();
  await create();
  const { data: after } = await templates.getMaxAllowedLimit();
  assert.ok(after.maxAllowed > 0);
  assert.equal(after.currentNoOfWorkflows, before.currentNoOfWorkflows + 1);
});
