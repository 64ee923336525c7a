// The operations on templates of flows.

import test from 'node:test';
import assert from 'node:assert/strict';
import { refused, templates } from './client.mjs';
import { condition, onboarding } from './shapes.mjs';

const create = async (more = {}, params = null) => (await templates.createFlowTemplate(params, { ...onboarding(), ...more })).data;
const load = async (id) => (await templates.getFlowTemplate(id)).data;
const all = async (params = {}) => (await templates.listFlowTemplates(params)).data.results;
const ids = (list) => list.map((one) => one.id);

test('a template is stored as it was sent, with an id, its organisation and its times', async () => {
  const sent = onboarding();
  const { data: made, status } = await templates.createFlowTemplate(null, sent);
  assert.equal(status, 201);
  for (const [name, value] of Object.entries(sent)) assert.deepEqual(made[name], value, name);
  assert.ok(made.id && made.org_id && made.created_at && made.updated_at);
  assert.deepEqual(await load(made.id), made);
});

test('members that the contract does not know are kept', async () => {
  const tasks = [{ ...onboarding().tasks[0], phase_id: undefined, x_color: 'red' }];
  const made = await create({ x_note: { a: [1] }, tasks, edges: [], phases: [] });
  const found = await load(made.id);
  assert.deepEqual(found.x_note, { a: [1] });
  assert.equal(found.tasks[0].x_color, 'red');
});

test('the builder writes edges from the trigger and between phases, and leaves ends open', async () => {
  const edges = [
    { id: 'b-0', from_id: 'trigger', to_id: 'ph-1' },
    { id: 'b-1', from_id: 'ph-1', to_id: 't-call' },
    { id: 'b-2', from_id: 't-call', to_id: 't-check' },
    { id: 'b-3', from_id: 't-check', to_id: null, condition_id: 'c-yes' },
    { id: 'b-4', from_id: 'ph-1', to_id: 'ph-2' },
    { id: 'b-5', from_id: 'ph-2', to_id: 't-meter' },
    { id: 'b-6', from_id: 't-meter', to_id: 't-letter' },
  ];
  const made = await create({ edges });
  assert.deepEqual((await load(made.id)).edges, edges);
});

test('an update takes the place of all of it, and says when it was too late', async () => {
  const made = await create();
  const { data: updated, status } = await templates.updateFlowTemplate(made.id, { ...made, name: 'Renamed', taxonomies: [] });
  assert.equal(status, 200);
  assert.equal(updated.name, 'Renamed');
  assert.equal(updated.created_at, made.created_at);
  assert.equal((await load(made.id)).name, 'Renamed');
  const late = await refused(templates.updateFlowTemplate(made.id, { ...made, name: 'Late', updated_at: '2020-01-01T00:00:00.000Z' }));
  assert.equal(late.status, 409);
  const { updated_at: _, ...without } = made;
  assert.equal((await templates.updateFlowTemplate(made.id, { ...without, name: 'Forced' })).data.name, 'Forced');
});

test('a copy has an id and a name of its own, and the same tasks', async () => {
  const made = await create();
  const { data: copy, status } = await templates.duplicateFlowTemplate(made.id);
  assert.equal(status, 201);
  assert.notEqual(copy.id, made.id);
  assert.notEqual(copy.name, made.name);
  assert.deepEqual(copy.tasks, made.tasks);
  assert.deepEqual((await load(copy.id)).edges, made.edges);
});

test('a template that is deleted is gone', async () => {
  const made = await create();
  assert.equal((await templates.deleteFlowTemplate(made.id)).status, 204);
  assert.equal((await refused(templates.getFlowTemplate(made.id))).status, 404);
  assert.equal((await refused(templates.deleteFlowTemplate(made.id))).status, 404);
  assert.equal((await refused(templates.duplicateFlowTemplate(made.id))).status, 404);
  assert.equal((await refused(templates.updateFlowTemplate(made.id, onboarding()))).status, 404);
  assert.ok(!ids(await all()).includes(made.id));
});

test('the list is filtered by how a template is started', async () => {
  const manual = await create({ trigger: { type: 'manual', entity_schema: 'order' } });
  const journey = await create({ trigger: { type: 'journey_submission', journey_id: 'j-7' } });
  const automation = await create({
    trigger: { type: 'manual' },
    additional_triggers: [{ type: 'automation', automation_id: 'a-9' }],
  });
  const everything = ids(await all());
  for (const one of [manual, journey, automation]) assert.ok(everything.includes(one.id));
  const found = async (params, made) => {
    const list = ids(await all(params));
    assert.ok(list.includes(made.id), JSON.stringify(params));
    assert.ok(![manual, journey, automation].some((one) => one !== made && list.includes(one.id)), JSON.stringify(params));
  };
  await found({ trigger_type: 'manual', trigger_schema: 'order' }, manual);
  await found({ trigger_type: 'journey_submission', trigger_source_id: 'j-7' }, journey);
  await found({ trigger_type: 'automation', trigger_source_id: 'a-9' }, automation);
  assert.deepEqual(await all({ trigger_type: 'automation', trigger_source_id: 'nobody' }), []);
});

test('a search finds by part of the name, in pages and in order', async () => {
  const made = [];
  for (const name of ['Zebra crossing one', 'ZEBRA crossing two', 'zebra crossing three']) {
    made.push(await create({ name, enabled: !name.includes('two') }));
  }
  const search = async (body) => (await templates.searchFlowTemplates(null, { name: 'zebra CROSS', ...body })).data;
  const found = await search({});
  assert.equal(found.hits, 3);
  assert.deepEqual(ids(found.results).sort(), ids(made).sort());
  const oldest = await search({ sort_by: 'created_at', sort_order: 'asc' });
  assert.deepEqual(ids(oldest.results), ids(made));
  const page = await search({ sort_by: 'created_at', sort_order: 'asc', from: 1, size: 1 });
  assert.deepEqual([page.hits, ids(page.results)], [3, [made[1].id]]);
  assert.deepEqual(ids((await search({ enabled: false })).results), [made[1].id]);
  assert.equal((await search({ trigger_type: 'automation' })).hits, 0);
  assert.deepEqual(ids((await search({ definition_id: made[2].id })).results), [made[2].id]);
});

test('what is wrong with a template is named, and nothing is stored', async () => {
  const before = (await all()).length;
  const wrong = async (more, word, params = null) => {
    const body = JSON.parse(JSON.stringify({ ...onboarding(), ...more }));
    const answer = await refused(templates.createFlowTemplate(params, body));
    assert.equal(answer.status, 400, JSON.stringify(more).slice(0, 200));
    assert.match(answer.message, word);
  };
  const { tasks, edges, phases } = onboarding();
  await wrong({ name: 'ab' }, /name/);
  await wrong({ name: undefined }, /name/);
  await wrong({ tasks: undefined }, /tasks/);
  await wrong({ edges: [...edges, { id: 'e-9', from_id: 't-call', to_id: 'nobody' }] }, /edges\.3/);
  await wrong({ edges: [...edges, { id: 'e-9', from_id: 'nobody', to_id: 't-call' }] }, /edges\.3/);
  await wrong({ edges: [...edges, { id: 'e-1', from_id: 't-call', to_id: 't-meter' }] }, /edges\.3/);
  await wrong({ edges: [...edges, { id: 'e-9', from_id: 't-meter', to_id: 't-call' }] }, /edges/);
  await wrong({ edges: [...edges, { id: 'e-9', from_id: 't-call', to_id: 't-meter', condition_id: 'c-yes' }] }, /edges\.3/);
  await wrong({ edges: [...edges, { id: 'e-9', from_id: 't-call', to_id: 't-meter', none_met: true }] }, /edges\.3/);
  await wrong({ tasks: [...tasks, tasks[0]] }, /tasks\.4/);
  await wrong({ tasks: [...tasks, { id: 'x', name: 'x', task_type: 'MANUAL', phase_id: 'nobody' }] }, /tasks\.4/);
  await wrong({ tasks: [...tasks, { id: 'x', name: 'x', task_type: 'NONSENSE' }] }, /tasks\.4/);
  await wrong({ tasks: [...tasks, { id: 'trigger', name: 'x', task_type: 'MANUAL' }] }, /tasks\.4/);
  await wrong({ tasks: [...tasks, { id: 'x', name: 'x', task_type: 'AUTOMATION' }] }, /tasks\.4/);
  await wrong({ phases: [...phases, phases[0]] }, /phases\.2/);
  const loop = { loop_branch_id: 'c-yes', exit_branch_id: 'nobody', max_iterations: 3 };
  await wrong({ tasks: tasks.map((task) => (task.id === 't-check' ? { ...task, loop_config: loop } : task)) }, /tasks\.1/);
  const many = Array.from({ length: 10000 }, (_, index) => ({ id: `t${index}`, name: 'x', task_type: 'MANUAL' }));
  await wrong({ tasks: many, edges: [], phases: [] }, /tasks/);
  assert.equal((await all()).length, before);
});

test('sizes beyond the usual are reported, or refused where that is asked for', async () => {
  const tasks = Array.from({ length: 101 }, (_, index) => ({ id: `t${index}`, name: `T${index}`, task_type: 'MANUAL' }));
  const big = { tasks, edges: [], phases: [] };
  const made = await create(big);
  assert.ok(made.limit_warnings.length > 0);
  assert.equal(made.limit_warnings[0].max, 100);
  const answer = await refused(create(big, { enforce_limits: true }));
  assert.equal(answer.status, 400);
  const { data } = await templates.updateFlowTemplate({ flowId: made.id, enforce_limits: true }, { ...made, name: 'Not worse' });
  assert.equal(data.name, 'Not worse');
});

test('a loop is a cycle that is declared', async () => {
  const tasks = [
    { id: 'a', name: 'A', task_type: 'MANUAL' },
    {
      id: 'd',
      name: 'D',
      task_type: 'DECISION',
      trigger_mode: 'manual',
      conditions: [condition('again', 'Again'), condition('enough', 'Enough')],
      loop_config: { loop_branch_id: 'again', exit_branch_id: 'enough', max_iterations: 3 },
    },
    { id: 'b', name: 'B', task_type: 'MANUAL' },
  ];
  const edges = [
    { id: '1', from_id: 'a', to_id: 'd' },
    { id: '2', from_id: 'd', to_id: 'a', condition_id: 'again' },
    { id: '3', from_id: 'd', to_id: 'b', condition_id: 'enough' },
  ];
  const made = await create({ tasks, edges, phases: [] });
  assert.deepEqual((await load(made.id)).tasks[1].loop_config.max_iterations, 3);
  const undeclared = tasks.map(({ loop_config: _, ...task }) => task);
  assert.equal((await refused(create({ tasks: undeclared, edges, phases: [] }))).status, 400);
});

test('what is unknown is 404 on every route', async () => {
  for (const id of ['0190d3c8-0000-7000-8000-000000000000', 'nobody', 'a/b:c d']) {
    assert.equal((await refused(templates.getFlowTemplate(id))).status, 404, id);
    assert.equal((await refused(templates.updateFlowTemplate(id, onboarding()))).status, 404, id);
    assert.equal((await refused(templates.deleteFlowTemplate(id))).status, 404, id);
    assert.equal((await refused(templates.duplicateFlowTemplate(id))).status, 404, id);
  }
});
