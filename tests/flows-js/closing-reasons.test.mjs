// The catalogue of closing reasons, and which of them a definition or template offers.

import test from 'node:test';
import assert from 'node:assert/strict';
import { refused, templates } from './client.mjs';
import { checklist, onboarding } from './shapes.mjs';

const create = async (title = 'Too dear') => (await templates.createClosingReason(null, { title })).data;
const all = async (params = {}) => (await templates.getAllClosingReasons(params)).data.reasons;
const nobody = '0190d3c8-0000-7000-8000-000000000000';

test('a reason is made active and can be found', async () => {
  const { data: made, status } = await templates.createClosingReason(null, { title: 'Moved away' });
  assert.equal(status, 201);
  assert.deepEqual([made.title, made.status], ['Moved away', 'ACTIVE']);
  assert.deepEqual((await templates.getClosingReason(made.id)).data, made);
  assert.deepEqual((await templates.getClosingReasonV1(made.id)).data, made);
  assert.ok((await all()).some((one) => one.id === made.id));
});

test('an inactive reason is only listed where that is asked for', async () => {
  const made = await create();
  assert.equal((await templates.changeReasonStatus(made.id, { status: 'INACTIVE' })).status, 202);
  assert.ok(!(await all()).some((one) => one.id === made.id));
  assert.ok((await all({ includeInactive: true })).some((one) => one.id === made.id && one.status === 'INACTIVE'));
  await templates.changeReasonStatus(made.id, { status: 'ACTIVE' });
  assert.ok((await all()).some((one) => one.id === made.id));
});

test('a reason is changed and deleted', async () => {
  const made = await create();
  const { data: changed, status } = await templates.updateClosingReason(made.id, { title: 'Far too dear' });
  assert.deepEqual([status, changed.title, changed.id], [200, 'Far too dear', made.id]);
  assert.equal((await templates.deleteClosingReason(made.id)).status, 204);
  assert.equal((await refused(templates.getClosingReason(made.id))).status, 404);
  assert.equal((await refused(templates.getClosingReasonV1(made.id))).status, 404);
});

test('a definition and a template offer the reasons that were set', async () => {
  const [one, two] = [await create('One'), await create('Two')];
  const definition = (await templates.createDefinition(null, { ...checklist(), closingReasons: [{ id: one.id }] })).data;
  const reasons = async (id) => (await templates.getWorkflowClosingReasons(id)).data.reasons.map((reason) => reason.id);
  assert.deepEqual(await reasons(definition.id), [one.id]);
  const { status } = await templates.setWorkflowClosingReasons(definition.id, { reasons: [{ id: two.id }, { id: one.id }] });
  assert.equal(status, 201);
  assert.deepEqual(await reasons(definition.id), [two.id, one.id]);
  const template = (await templates.createFlowTemplate(null, onboarding())).data;
  assert.deepEqual(await reasons(template.id), []);
  await templates.setWorkflowClosingReasons(template.id, { reasons: [{ id: one.id }] });
  assert.deepEqual(await reasons(template.id), [one.id]);
});

test('what is unknown or wrong is refused with the reason', async () => {
  for (const id of [nobody, 'nobody', 'a/b:c d']) {
    assert.equal((await refused(templates.getClosingReason(id))).status, 404, id);
    assert.equal((await refused(templates.getClosingReasonV1(id))).status, 404, id);
    assert.equal((await refused(templates.updateClosingReason(id, { title: 'x' }))).status, 404, id);
    assert.equal((await refused(templates.deleteClosingReason(id))).status, 404, id);
    assert.equal((await refused(templates.changeReasonStatus(id, { status: 'ACTIVE' }))).status, 400, id);
    assert.equal((await refused(templates.getWorkflowClosingReasons(id))).status, 404, id);
  }
  const made = await create();
  const wrong = await refused(templates.changeReasonStatus(made.id, { status: 'DANCING' }));
  assert.equal(wrong.status, 400);
  assert.match(wrong.message, /status/);
  const untitled = await refused(templates.createClosingReason(null, {}));
  assert.equal(untitled.status, 400);
  assert.match(untitled.message, /title/);
  const definition = (await templates.createDefinition(null, checklist())).data;
  assert.equal((await refused(templates.setWorkflowClosingReasons(definition.id, { reasons: [{ id: nobody }] }))).status, 400);
  assert.deepEqual((await templates.getWorkflowClosingReasons(definition.id)).data.reasons, []);
});
