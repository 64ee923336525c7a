// What is wrong gets its documented status and a message that names the field, and changes nothing.

import test from 'node:test';
import assert from 'node:assert/strict';
import { executions, refused, templates } from './client.mjs';
import { about, automation, choice, edges, manual, start, template } from './flow.mjs';

const NOBODY = '7c1c7a3e-58a5-4f0b-9a51-0d6a2a4a2f10';
const whole = () => ({
  phases: [{ id: 'p', name: 'P' }],
  tasks: [manual('a', { phase_id: 'p' }), choice('d', ['x', 'y']), automation('s'), manual('b')],
  edges: edges('a > d', 'd > s : x', 'd > b : y'),
});

// Calls with each of the bodies; each is 400 with its word in the message.
async function wrong(call, cases) {
  for (const [body, word] of cases) {
    const { status, message } = await refused(call(body));
    const what = JSON.stringify(body).slice(0, 200);
    assert.equal(status, 400, what);
    assert.match(message, word, what);
  }
}

test('a start that lacks something, or names what is not there', async () => {
  const [{ id }, context] = [await template(whole()), await about()];
  const off = await template({ ...whole(), enabled: false });
  const good = { flow_template_id: id, contexts: [context] };
  const call = (more) => executions.startFlowExecution(null, { ...good, ...more });
  await wrong(call, [
    [{ flow_template_id: undefined }, /flow_template_id/],
    [{ flow_template_id: NOBODY }, /flow_template_id|template/],
    [{ flow_template_id: 'nobody' }, /flow_template_id|template/],
    [{ flow_template_id: off.id }, /flow_template_id|template|enabled/],
    [{ flow_template_id: 7 }, /flow_template_id/],
    [{ contexts: undefined }, /contexts/],
    [{ contexts: [] }, /contexts/],
    [{ contexts: {} }, /contexts/],
    [{ contexts: [{ entity_schema: 'order' }] }, /contexts\.0\.entity_id/],
    [{ contexts: [{ entity_id: context.entity_id }] }, /contexts\.0\.entity_schema/],
    [{ contexts: [{ ...context, entity_id: NOBODY }] }, /contexts\.0|entity/],
    [{ contexts: Array.from({ length: 33 }, () => context) }, /contexts/],
    [{ trigger: { type: 'NONSENSE' } }, /trigger/],
    [{ purposes: 'heat' }, /purposes/],
  ]);
  assert.deepEqual((await executions.searchFlowExecutions(null, context)).data.results, []);
});

test('a template that was deleted is not started', async () => {
  const [{ id }, context] = [await template(whole()), await about()];
  await templates.deleteFlowTemplate(id);
  const answer = await refused(executions.startFlowExecution(null, { flow_template_id: id, contexts: [context] }));
  assert.equal(answer.status, 400);
});

test('entities of a schema that this server keeps none of live elsewhere', async () => {
  const flow = await start(whole(), { contexts: [{ entity_id: 'any-7', entity_schema: `elsewhere${Date.now()}` }] });
  assert.deepEqual([flow.entity.entity_id, flow.current], ['any-7', ['a']]);
});

test('a patch of a flow', async () => {
  const flow = await start(whole());
  const before = flow.data;
  await wrong((body) => executions.patchFlowExecution(flow.id, body), [
    [{ status: 'NONSENSE' }, /status/],
    [{ status: 7 }, /status/],
    [{ due_date: 'soon' }, /due_date/],
    [{ due_date_config: { duration: 1 } }, /due_date_config/],
    [{ due_date_config: { duration: 1, unit: 'moons', type: 'WORKFLOW_STARTED' } }, /due_date_config/],
    [{ contexts: [] }, /contexts/],
    [{ contexts: [{ entity_id: 'x' }] }, /contexts\.0\.entity_schema/],
    [{ contexts: [{ ...flow.entity, entity_id: NOBODY }] }, /contexts\.0|entity/],
    [{ assigned_to: [''] }, /assigned_to/],
    [{ assigned_to: [{ value: ['x'] }] }, /assigned_to/],
    [{ closing_reason: { selected_reasons: [{ id: 'x' }] } }, /closing_reason/],
  ]);
  assert.deepEqual((await flow.load()).data, before);
});

test('a patch of a task', async () => {
  const flow = await start(whole());
  const before = flow.data;
  await wrong((body) => executions.patchTask(flow.at('a'), body), [
    [{ status: 'NONSENSE' }, /status/],
    [{ status: 'SCHEDULED' }, /status/],
    [{ status: 'COMPLETED', next_condition_id: 'x' }, /next_condition_id/],
    [{ name: '' }, /name/],
    [{ name: 7 }, /name/],
    [{ due_date: 'soon' }, /due_date/],
    [{ due_date: '2030-13-45' }, /due_date/],
    [{ due_date_config: { duration: -1, unit: 'days', type: 'WORKFLOW_STARTED' } }, /due_date_config\.duration/],
    [{ assigned_to: 'u1' }, /assigned_to/],
    [{ assigned_to: ['x'.repeat(300)] }, /assigned_to\.0/],
    [{ assigned_to: [' '] }, /assigned_to\.0/],
    [{ enabled: 'yes' }, /enabled/],
    [{ automation_config: { flow_id: 'x' } }, /automation_config/],
    [{ description: { value: 'x'.repeat(10_001) } }, /description/],
    [{ revert_execution: 1 }, /revert_execution/],
  ]);
  await wrong((body) => executions.patchTask(flow.at('s'), body), [[{ automation_config: {} }, /automation_config/]]);
  assert.deepEqual((await flow.load()).data, before);
  for (const at of [
    { ...flow.at('a'), task_id: NOBODY },
    { ...flow.at('a'), task_id: 'a' },
    { ...flow.at('a'), execution_id: NOBODY },
    { ...flow.at('a'), execution_id: 'nobody' },
  ]) {
    assert.equal((await refused(executions.patchTask(at, { name: 'x' }))).status, 404);
  }
});

test('changes of status that the table does not have', async () => {
  const flow = await start({ tasks: [manual('a'), manual('b'), manual('c')], edges: [] });
  await flow.complete('a');
  await flow.skip('b');
  const before = flow.data;
  for (const name of ['a', 'b']) {
    for (const status of ['IN_PROGRESS', 'ON_HOLD', 'FAILED', 'SCHEDULED', 'CONDITION_PENDING', 'WAITING_FOR_CONFIRMATION']) {
      const answer = await refused(executions.patchTask(flow.at(name), { status }));
      assert.equal(answer.status, 400, `${name} ${status}`);
      assert.match(answer.message, /status/);
    }
  }
  assert.deepEqual((await flow.load()).data, before);
});

test('a task of another flow, and what is not there at all', async () => {
  const [flow, other] = [await start(whole()), await start(whole())];
  const foreign = { execution_id: flow.id, task_id: other.task('a').id };
  assert.equal((await refused(executions.patchTask(foreign, { status: 'COMPLETED' }))).status, 404);
  assert.equal((await refused(executions.executeTask(foreign))).status, 400);
  assert.equal((await refused(executions.runTaskAutomation({ ...foreign, task_id: other.task('s').id }))).status, 400);
  assert.equal((await refused(executions.executeTask({ execution_id: NOBODY, task_id: NOBODY }))).status, 400);
  const phase = { execution_id: flow.id, phase_id: other.phase('p').id };
  assert.equal((await refused(executions.patchPhase(phase, { name: 'Theirs' }))).status, 400);
  const added = { previous_task_id: flow.task('a').id, next_task_id: other.task('d').id, task: { name: 'x' } };
  assert.equal((await refused(executions.addTask(flow.id, added))).status, 400);
  assert.equal((await refused(executions.addTask(NOBODY, added))).status, 400);
  const [one, two] = [flow.data, other.data];
  assert.deepEqual([(await flow.load()).data, (await other.load()).data], [one, two]);
});

test('circles that are no loops, edges to nowhere, and far too many tasks', async () => {
  const names = (count) => Array.from({ length: count }, (_, at) => manual(`t${at}`));
  const before = (await templates.searchFlowTemplates(null, {})).data.hits;
  await wrong((body) => templates.createFlowTemplate(null, { name: 'Wrong', ...body }), [
    [{ tasks: names(2), edges: edges('t0 > t1', 't1 > t0') }, /edges\.\d/],
    [{ tasks: names(3), edges: edges('t0 > t1', 't1 > t2', 't2 > t1') }, /edges\.\d/],
    [{ tasks: names(1), edges: edges('t0 > t0') }, /edges\.0/],
    [{ tasks: names(1), edges: edges('t0 > nowhere') }, /edges\.0\.to_id/],
    [{ tasks: names(1), edges: edges('nowhere > t0') }, /edges\.0\.from_id/],
    [{ tasks: names(1), edges: edges('t0 > trigger') }, /edges\.0\.to_id/],
    [{ tasks: names(10_000), edges: [] }, /tasks/],
    [{ tasks: [choice('d', ['x', 'y'])], edges: edges('d > d : x') }, /edges\.0/],
  ]);
  assert.equal((await templates.searchFlowTemplates(null, {})).data.hits, before);
  const lines = names(999).map((_, at) => `t${at} > t${at + 1}`);
  const large = await start({ tasks: names(1_000), edges: edges(...lines) });
  assert.deepEqual([large.data.tasks.length, large.current], [1_000, ['t0']]);
});

test('a soft delete that is neither true nor false', async () => {
  const flow = await start(whole());
  await wrong((soft) => executions.deleteFlowExecution({ execution_id: flow.id, soft }), [['maybe', /soft/]]);
  assert.equal((await flow.load()).data.status, 'STARTED');
});
