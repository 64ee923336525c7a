// Automations: workflows of this server as children, installed step types, and runners elsewhere that report.

import test from 'node:test';
import assert from 'node:assert/strict';
import { executions, refused, until } from './client.mjs';
import { about, automation, edges, manual, start } from './flow.mjs';
import { asked, runs, workflow } from './native.mjs';

const does = (flow_id, more = {}) => ({ automation_config: { flow_id, ...more }, trigger_mode: 'automatic' });
const parts = (more) => ({ tasks: [automation('s', more), manual('next')], edges: edges('s > next') });
const long = ['DELAY', { amount: 1, unit: 'hours' }];

test('a workflow of this server runs as a child, and its end completes the task', async () => {
  const child = await workflow(['EXIT', { reason: 'ready' }]);
  const flow = await start(parts(does(child)));
  await flow.stands('next');
  const task = flow.task('s');
  assert.deepEqual([task.status, task.automation_config.execution_status], ['COMPLETED', 'success']);
  assert.equal(task.automation_config.execution_id, task.automation_execution_id);
  assert.deepEqual((await runs(child)).map((run) => run.id), [task.automation_execution_id]);
});

test('while the child runs the task is in progress, and a second start is none', async () => {
  const child = await workflow(long);
  const flow = await start(parts(does(child)));
  await flow.begins('s');
  assert.equal(flow.task('s').automation_config.execution_status, 'in_progress');
  await until(() => runs(child), (found) => found.length === 1);
  await executions.runTaskAutomation(flow.at('s'));
  await executions.executeTask(flow.at('s'));
  const { data } = await executions.reconcileAutomationTask(flow.at('s'));
  assert.equal(data.tasks[0].status, 'IN_PROGRESS');
  assert.equal((await runs(child)).length, 1);
});

test('a child that is cancelled leaves the task skipped', async () => {
  const child = await workflow(long);
  const flow = await start(parts(does(child)));
  const [run] = await until(() => runs(child), (found) => found.length === 1);
  await asked('DELETE', `/workflows/${child}/executions/${run.id}`);
  await flow.stands('next');
  assert.deepEqual(flow.statuses('s'), ['SKIPPED']);
});

test('the child of a task that is done by hand, reverted or closed is cancelled', async () => {
  const end = {
    completed: (flow) => flow.complete('s'),
    reverted: (flow) => flow.revert('first'),
    closed: (flow) => flow.change({ status: 'CLOSED' }),
  };
  for (const [how, act] of Object.entries(end)) {
    const child = await workflow(long);
    const flow = await start({ tasks: [manual('first'), automation('s', does(child))], edges: edges('first > s') });
    await flow.complete('first');
    await flow.begins('s');
    await until(() => runs(child), (found) => found.length === 1);
    await act(flow);
    const [run] = await until(() => runs(child), ([one]) => one.status === 'CANCELLED');
    assert.ok(run.id, how);
  }
});

test('an installed step type runs by its name', async () => {
  const contact = await about({ email: `${Math.random()}@example.org`, plan: 'free' }, 'contact');
  const config = { type: 'update-contact', config: { updates: { plan: 'pro' } } };
  const flow = await start(parts({ automation_config: { action_config: config }, trigger_mode: 'automatic' }), { contexts: [contact] });
  await flow.comes(() => flow.task('s').status !== 'IN_PROGRESS' && flow.task('s').status !== 'PENDING');
  assert.deepEqual([flow.statuses('s'), flow.current], [['COMPLETED'], ['next']]);
});

test('what fails makes the task fail with its reason, and the flow stays until it is run again', async () => {
  const flow = await start(parts(does('delay', { config: { amount: 'much' } })));
  await flow.reaches('s', 'FAILED');
  const failed = flow.task('s');
  assert.equal(failed.automation_config.execution_status, 'failed');
  assert.ok(failed.automation_config.error_reason);
  assert.deepEqual(flow.current, ['s']);
  await flow.patch('s', { automation_config: { flow_id: 'exit', config: {} } });
  await executions.runTaskAutomation(flow.at('s'));
  await flow.stands('next');
  assert.equal(flow.task('s').automation_config.error_reason, undefined);
});

test('a workflow that is switched off is not started', async () => {
  const child = await workflow(long);
  await asked('PATCH', `/workflows/${child}`, { enabled: false });
  const flow = await start(parts(does(child)));
  await flow.reaches('s', 'FAILED');
  assert.ok(flow.task('s').automation_config.error_reason);
  assert.deepEqual(await runs(child), []);
});

test('what this server does not know is left to a runner elsewhere, which reports with a patch', async () => {
  const flow = await start(parts(does('letters-7')));
  await flow.begins('s');
  const { execution_id } = flow.task('s').automation_config;
  assert.ok(execution_id && flow.task('s').automation_execution_id === execution_id);
  const reported = { flow_id: 'letters-7', execution_id: 'run-9', execution_status: 'paused', heal_attempts: 2 };
  const paused = await flow.patch('s', { automation_config: reported });
  assert.deepEqual([paused.status, paused.automation_config], ['IN_PROGRESS', reported]);
  const success = { ...reported, execution_status: 'success' };
  const done = await flow.patch('s', { status: 'COMPLETED', automation_config: success });
  assert.deepEqual([done.status, done.automation_config], ['COMPLETED', success]);
  await flow.stands('next');
});

test('reconciling takes over what was reported to have ended, and moves the flow on', async () => {
  for (const [word, status, current] of [
    ['success', 'COMPLETED', 'next'],
    ['skipped', 'SKIPPED', 'next'],
    ['cancelled', 'SKIPPED', 'next'],
    ['failed', 'FAILED', 's'],
    ['in_progress', 'IN_PROGRESS', 's'],
    ['hot', null, 's'],
  ]) {
    const flow = await start(parts(does('letters-7')));
    await flow.begins('s');
    await flow.patch('s', { automation_config: { flow_id: 'letters-7', execution_status: word } });
    assert.deepEqual([flow.current, flow.statuses('s')], [['s'], ['IN_PROGRESS']], word);
    const { data } = await executions.reconcileAutomationTask(flow.at('s'));
    flow.data = data;
    assert.deepEqual(flow.current, [current], word);
    if (status) assert.deepEqual(flow.statuses('s'), [status], word);
    const again = await executions.reconcileAutomationTask(flow.at('s'));
    assert.deepEqual(again.data.tasks, data.tasks, word);
  }
});

test('only automations are run and reconciled', async () => {
  const flow = await start({ tasks: [manual('a'), automation('b')], edges: [] });
  for (const call of ['runTaskAutomation', 'reconcileAutomationTask']) {
    assert.equal((await refused(executions[call](flow.at('a')))).status, 400, call);
  }
  const unknown = { execution_id: flow.id, task_id: '7c1c7a3e-58a5-4f0b-9a51-0d6a2a4a2f10' };
  assert.equal((await refused(executions.runTaskAutomation(unknown))).status, 400);
  assert.equal((await refused(executions.reconcileAutomationTask(unknown))).status, 404);
  const patched = await refused(executions.patchTask(flow.at('a'), { automation_config: { flow_id: 'x' } }));
  assert.equal(patched.status, 400);
  assert.match(patched.message, /automation_config/);
});

test('a child sees which task of which flow asks, and for which entity', async () => {
  const child = await workflow(long);
  const entity = await about({ name: 'Roof' });
  const flow = await start(parts(does(child)), { contexts: [entity] });
  const [run] = await until(() => runs(child), (found) => found.length === 1);
  const { context } = await asked('GET', `/workflows/${child}/executions/${run.id}`);
  assert.deepEqual([context.entityId, context.schema, context.entity.name], [entity.entity_id, 'order', 'Roof']);
  assert.equal(context.workflowContext.workflow_exec_id, flow.id);
  assert.equal(context.workflowContext.workflow_exec_task_id, flow.task('s').id);
});

test('workflows that start each other are stopped at a depth', async () => {
  const child = await workflow();
  const path = `/workflows/${child}`;
  const { steps } = await asked('GET', path);
  const body = { type: 'automation', name: 'again', config: { flowId: child }, position: { x: 0, y: 0 }, autoConnect: false };
  const step = await asked('POST', `${path}/steps`, body);
  await asked('POST', `${path}/transitions`, { fromStepId: steps[0].id, toStepId: step.id });
  const flow = await start(parts(does(child)));
  assert.equal(flow.data._execution_chain.depth, 0);
  await flow.comes(() => flow.task('s').status === 'FAILED');
  assert.equal((await runs(child)).length, 10);
});
