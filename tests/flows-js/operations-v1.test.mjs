// The operations on executions of the first version: checklists.

import test from 'node:test';
import assert from 'node:assert/strict';
import { entities, executions, old, refused, templates } from './client.mjs';

const flow = () => [
  {
    id: 'prepare',
    name: 'Prepare',
    order: 1,
    type: 'SECTION',
    dynamicDueDate: { numberOfUnits: 1, timePeriod: 'weeks', actionTypeCondition: 'WORKFLOW_STARTED' },
    steps: [
      { id: 'call', name: 'Call', order: 1, type: 'STEP', assignedTo: ['u1'], description: { enabled: true, value: '<b>x</b>' } },
      { id: 'sync', name: 'Sync', order: 2, type: 'STEP', executionType: 'AUTOMATION', automationConfig: { flowId: 'f1' } },
    ],
  },
  {
    id: 'sign',
    name: 'Sign',
    order: 2,
    type: 'STEP',
    requirements: [{ definitionId: 'prepare', type: 'SECTION', condition: 'CLOSED' }],
    dynamicDueDate: { numberOfUnits: 2, timePeriod: 'days', actionTypeCondition: 'STEP_CLOSED', stepId: 'sync' },
  },
];

async function define(more = {}) {
  return (await templates.createDefinition(null, { name: 'Checklist', flow: flow(), ...more })).data;
}

async function start(more = {}) {
  const definition = await define(more);
  const entity = (await entities.createEntity('order', { name: 'Roof' })).data;
  const contexts = [{ id: entity._id, title: 'Roof', schema: 'order' }];
  const answer = await executions.createExecution(null, { workflowId: definition.id, trigger: 'AUTOMATIC', contexts });
  assert.equal(answer.status, 201);
  return answer.data;
}

const load = async (id) => (await executions.getExecution(id)).data;
const steps = (execution) => execution.flow.flatMap((item) => item.steps ?? [item]);
const named = (execution, name) => steps(execution).find((step) => step.name === name);
const update = async (execution, step, change) =>
  (await executions.updateStep({ executionId: execution.id, stepId: step.id }, change)).data;

test('an execution begins at its first step', async () => {
  const made = await start();
  assert.deepEqual([made.status, made.trigger, made.name], ['STARTED', 'AUTOMATIC', 'Checklist']);
  assert.deepEqual(steps(made).map((step) => step.name), ['Call', 'Sync', 'Sign']);
  assert.equal(made.nextOpenStep.id, named(made, 'Call').id);
  assert.match(named(made, 'Call').id, /^.{6,11}$/);
  assert.match(made.flow[0].dueDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/);
  assert.deepEqual(await load(made.id), made);
});

test('it is done with its last step', async () => {
  const made = await start();
  for (const name of ['Call', 'Sync']) assert.equal((await update(made, named(made, name), { status: 'COMPLETED' })).status, 'COMPLETED');
  const between = await load(made.id);
  assert.equal(between.flow[0].status, 'COMPLETED');
  assert.deepEqual([named(between, 'Sign').enabled, between.nextOpenStep.id], [true, named(made, 'Sign').id]);
  assert.match(named(between, 'Sign').dueDate, /^\d{4}-/);
  await update(made, named(made, 'Sign'), { status: 'SKIPPED' });
  const after = await load(made.id);
  assert.equal(after.status, 'DONE');
  assert.ok(after.completedTime && !after.nextOpenStep);
});

test('an outside runner reports the steps of an automation', async () => {
  const made = await start();
  await update(made, named(made, 'Call'), { status: 'COMPLETED' });
  const running = { flowId: 'f1', executionId: 'r1', executionStatus: 'in_progress' };
  const step = await update(made, named(made, 'Sync'), { status: 'IN_PROGRESS', automationConfig: running });
  assert.deepEqual([step.status, step.automationConfig], ['IN_PROGRESS', running]);
  const failed = { ...running, executionStatus: 'failed' };
  assert.equal((await update(made, named(made, 'Sync'), { status: 'FAILED', automationConfig: failed })).status, 'FAILED');
  assert.equal((await load(made.id)).nextOpenStep.id, named(made, 'Sync').id);
});

test('steps are added, moved and taken out', async () => {
  const made = await start();
  const added = await executions.createStep(made.id, { name: 'Write', insertionIndex: 0, sectionId: made.flow[0].id });
  assert.deepEqual([added.status, added.data.manuallyCreated, added.data.name], [201, true, 'Write']);
  assert.deepEqual(steps(await load(made.id)).map((step) => step.name), ['Write', 'Call', 'Sync', 'Sign']);
  const moved = await update(made, added.data, { position: { index: 0 } });
  assert.equal(moved.sectionId, undefined);
  assert.deepEqual((await load(made.id)).flow.map((item) => item.name), ['Write', 'Prepare', 'Sign']);
  assert.equal((await executions.deleteStep({ executionId: made.id, stepId: added.data.id })).status, 204);
  assert.deepEqual((await load(made.id)).flow.map((item) => item.name), ['Prepare', 'Sign']);
});

test('it is closed with a reason of its definition, and opened again', async () => {
  const { data: reason } = await templates.createClosingReason(null, { title: 'Lost' });
  const made = await start({ closingReasons: [{ id: reason.id }] });
  assert.deepEqual(made.configuredClosingReasonSnapshot, [{ id: reason.id, title: 'Lost' }]);
  await templates.updateClosingReason(reason.id, { title: 'Renamed' });
  assert.deepEqual((await executions.getClosingReasonExecution(made.id)).data, { reasons: [{ id: reason.id, title: 'Lost' }] });
  const closing = { status: 'CLOSED', selectedClosingReasons: [{ id: reason.id, title: 'Lost' }], closedBy: 'org_u1' };
  assert.equal((await executions.updateExecution(made.id, closing)).status, 204);
  const closed = await load(made.id);
  assert.deepEqual([closed.status, closed.lastModifiedBy], ['CLOSED', 'org_u1']);
  assert.equal((await refused(update(made, named(made, 'Call'), { status: 'COMPLETED' }))).status, 400);
  assert.equal((await executions.updateExecution(made.id, { status: 'STARTED' })).status, 204);
  assert.equal((await load(made.id)).nextOpenStep.id, named(made, 'Call').id);
});

test('executions are found by what they are about, and searched', async () => {
  const made = await start({ name: `Found ${Date.now()}` });
  const [{ id, schema }] = made.contexts;
  const listed = (await executions.getExecutions({ context: id, schema })).data;
  assert.deepEqual(listed.map((one) => one.id), [made.id]);
  assert.deepEqual((await executions.getExecutions({ context: 'nothing' })).data, []);
  const found = (await executions.searchExecutions(null, { name: made.name.toUpperCase() })).data;
  assert.deepEqual(found.executions.map((one) => one.id), [made.id]);
  const { data } = await executions.searchSteps(null, { executionName: made.name, status: 'NEXT_OPEN_ITEM_IN_WORKFLOW' });
  assert.deepEqual([data.hits, data.results[0].name, data.results[0].executionName], [1, 'Call', made.name]);
  const entity = (await entities.getEntity({ slug: schema, id })).data.entity;
  assert.equal(entity.workflows.primary[0].id, made.id);
  assert.equal(entity.workflows[made.definitionId][0].task_name, 'Call');
});

test('where it stands is written to what it is about', async () => {
  const target = (entityAttribute) => ({ entitySchema: 'order', entityAttribute });
  const updateEntityAttributes = [
    { source: 'workflow_status', target: target('state') },
    { source: 'current_section', target: target('section') },
    { source: 'current_step', target: target('step') },
  ];
  const made = await start({ updateEntityAttributes });
  const [{ id, schema }] = made.contexts;
  const shown = async () => {
    const { entity } = (await entities.getEntity({ slug: schema, id })).data;
    return [entity.state, entity.section, entity.step];
  };
  assert.deepEqual(made.updateEntityAttributes, updateEntityAttributes);
  assert.deepEqual(await shown(), ['STARTED', 'Prepare', 'Call']);
  await update(made, named(made, 'Call'), { status: 'COMPLETED' });
  assert.deepEqual(await shown(), ['STARTED', 'Prepare', 'Sync']);
  await executions.updateExecution(made.id, { status: 'CLOSED' });
  assert.equal((await shown())[0], 'CLOSED');
  await executions.updateExecution(made.id, { status: 'STARTED' });
  assert.equal((await shown())[0], 'STARTED');
});

test('a deleted execution is gone, and an unknown one is answered without a body', async () => {
  const made = await start();
  assert.equal((await executions.deleteExecution(made.id)).status, 204);
  for (const id of [made.id, 'nobody', 'a/b:c d']) {
    const { status, data } = await executions.getExecution(id);
    assert.deepEqual([status, data || ''], [200, '']);
  }
  assert.equal((await refused(executions.deleteExecution(made.id))).status, 404);
});

test('what is wrong is named', async () => {
  const made = await start();
  const { status, message } = await refused(executions.createExecution(null, {}));
  assert.equal(status, 400);
  assert.match(message, /workflowId/);
  assert.equal((await refused(executions.createExecution(null, { workflowId: 'nobody' }))).status, 400);
  assert.match((await refused(update(made, named(made, 'Call'), { status: 'NONSENSE' }))).message, /status/);
  assert.equal((await refused(update(made, { id: 'nobody' }, {}))).status, 400);
  assert.match((await refused(update(made, named(made, 'Sign'), { status: 'COMPLETED' }))).message, /status/);
});

test('the older client sees the same', async () => {
  const made = await start();
  const { data } = await old.getExecution(made.id);
  assert.equal(data.id, made.id);
});
