// The older client package, whose documents know less; every answer has to fit the newer ones all the same.

import test from 'node:test';
import assert from 'node:assert/strict';
import { old, refused } from './client.mjs';
import { about, automation, choice, edges, manual, template } from './flow.mjs';

const later = { trigger_mode: 'automatic', schedule: { mode: 'delayed', duration: 1, unit: 'hours' } };
const parts = () => ({
  phases: [{ id: 'p', name: 'P' }],
  tasks: [manual('a', { phase_id: 'p' }), choice('d', ['x', 'y']), automation('s', later), automation('m')],
  edges: edges('a > d', 'd > s : x', 's > m'),
});

const start = async () => {
  const [{ id }, context] = [await template(parts()), await about()];
  const { data, status } = await old.startFlowExecution(null, { flow_template_id: id, contexts: [context] });
  assert.equal(status, 201);
  return data;
};
const load = async (id) => (await old.getFlowExecution({ execution_id: id })).data;
const named = (flow, name) => flow.tasks.find((task) => task.template_id === name);
const at = (flow, name) => ({ execution_id: flow.id, task_id: named(flow, name).id });

test('the operations on flows work as with the newer client', async () => {
  const flow = await start();
  assert.deepEqual(await load(flow.id), flow);
  const found = await old.searchFlowExecutions(null, flow.contexts[0]);
  assert.deepEqual(found.data.results.map((one) => one.id), [flow.id]);
  const patched = await old.patchFlowExecution({ execution_id: flow.id }, { assigned_to: ['u1'] });
  assert.deepEqual(patched.data.assigned_to, ['u1']);
  const phase = { execution_id: flow.id, phase_id: flow.phases[0].id };
  assert.equal((await old.patchPhase(phase, { name: 'Q' })).data.name, 'Q');
  const ids = { previous_task_id: named(flow, 'a').id, next_task_id: named(flow, 'd').id };
  assert.equal((await old.addTask({ execution_id: flow.id }, { ...ids, task: { name: 'New' } })).status, 201);
  assert.equal((await old.patchTask(at(flow, 'a'), { status: 'COMPLETED' })).data.status, 'COMPLETED');
  assert.equal((await old.deleteFlowExecution({ execution_id: flow.id })).status, 204);
  assert.equal((await refused(old.getFlowExecution({ execution_id: flow.id }))).status, 404);
});

test('tasks are executed, run and unscheduled', async () => {
  const flow = await start();
  assert.equal((await old.executeTask(at(flow, 'a'))).data.status, 'COMPLETED');
  await old.patchTask(at(flow, 'd'), { status: 'COMPLETED', next_condition_id: 'x' });
  assert.equal(named(await load(flow.id), 's').status, 'SCHEDULED');
  if (old.cancelTaskSchedule) assert.equal((await old.cancelTaskSchedule(at(flow, 's'))).status, 204);
  else await old.patchTask(at(flow, 's'), { status: 'SKIPPED' });
  assert.equal((await old.runTaskAutomation(at(flow, 'm'))).data.status, 'IN_PROGRESS');
});

test('a schedule is cancelled by its id', async () => {
  const flow = await start();
  await old.patchTask(at(flow, 'a'), { status: 'COMPLETED' });
  await old.patchTask(at(flow, 'd'), { status: 'COMPLETED', next_condition_id: 'x' });
  const { schedule_id } = named(await load(flow.id), 's').schedule;
  assert.equal((await old.cancelSchedule({ execution_id: flow.id, schedule_id })).status, 204);
  assert.equal(named(await load(flow.id), 's').status, 'SKIPPED');
});

test('a refusal has a message', async () => {
  const { status, message } = await refused(old.startFlowExecution(null, { flow_template_id: 'nobody', contexts: [] }));
  assert.equal(status, 400);
  assert.match(message, /contexts/);
});
