// Entity sync: what a flow writes to the entities that it is about, and the summary that they carry.

import test from 'node:test';
import assert from 'node:assert/strict';
import { executions } from './client.mjs';
import { about, attributes, edges, manual, start } from './flow.mjs';

const rule = (event, source, entityAttribute, { filter, value, schema = 'order' } = {}) => ({
  trigger: { event, ...(filter && { filter }) },
  target: { entitySchema: schema, entityAttribute },
  value: { source, ...(value && { value }) },
});

const parts = (...entity_sync) => ({
  name: 'Synced',
  assigned_to: ['boss'],
  phases: [{ id: 'p', name: 'First', assigned_to: ['lead'] }, { id: 'q', name: 'Second' }],
  tasks: [manual('a', { phase_id: 'p', assigned_to: ['u1', 'u2'] }), manual('b', { phase_id: 'p' }), manual('c', { phase_id: 'q' })],
  edges: edges('a > b', 'b > c'),
  entity_sync,
});

// Reads an attribute of what a flow is about.
const read = async (flow, name) => (await attributes(flow.entity))[name];

test('the events of a flow write where it stands', async () => {
  const events = ['FlowStarted', 'FlowCompleted', 'FlowCancelled', 'FlowReopened'];
  const flow = await start(
    parts(
      ...events.map((event) => rule(event, 'workflow_status', 'state')),
      rule('FlowStarted', 'workflow_name', 'name_of_it'),
      rule('FlowStarted', 'workflow_assigned_to', 'who'),
      rule('FlowDeleted', 'custom_value', 'state', { value: 'gone' }),
    ),
  );
  assert.equal(flow.data.entity_sync.length, 7);
  assert.deepEqual(await attributes(flow.entity).then((is) => [is.state, is.name_of_it, is.who]), ['STARTED', 'Synced', ['boss']]);
  for (const status of ['CLOSED', 'STARTED', 'DONE']) {
    await flow.change({ status });
    assert.equal(await read(flow, 'state'), status);
  }
  await executions.deleteFlowExecution(flow.id);
  assert.equal(await read(flow, 'state'), 'gone');
});

test('patches of a flow are events', async () => {
  const flow = await start(
    parts(
      rule('FlowAssigned', 'workflow_assigned_to', 'who'),
      rule('FlowDueDateChanged', 'custom_value', 'due', { value: 'moved' }),
      rule('FlowContextsChanged', 'custom_value', 'contexts', { value: 'changed' }),
    ),
  );
  assert.deepEqual(await attributes(flow.entity).then((is) => [is.who, is.due, is.contexts]), [undefined, undefined, undefined]);
  await flow.change({ assigned_to: ['u9'] });
  assert.deepEqual(await read(flow, 'who'), ['u9']);
  await flow.change({ due_date: '2030-01-01' });
  assert.equal(await read(flow, 'due'), 'moved');
  await flow.change({ contexts: [flow.entity, await about({}, 'meter')] });
  assert.equal(await read(flow, 'contexts'), 'changed');
});

test('the current task is written, and what became of tasks', async () => {
  const flow = await start(
    parts(
      rule('CurrTaskChanged', 'task_name', 'task'),
      rule('CurrTaskChanged', 'task_assigned_to', 'people'),
      rule('CurrTaskChanged', 'phase_name', 'phase'),
      rule('TaskCompleted', 'task_name', 'completed'),
      rule('TaskSkipped', 'task_name', 'skipped'),
      rule('TaskMarkedInProgress', 'task_status', 'progress'),
      rule('TaskMarkedOnHold', 'task_status', 'hold'),
      rule('TaskUpdated', 'task_name', 'updated'),
    ),
  );
  const shown = async () => attributes(flow.entity);
  assert.deepEqual(await shown().then((is) => [is.task, is.people, is.phase, is.completed]), ['Task a', ['u1', 'u2'], 'First', undefined]);
  await flow.patch('a', { status: 'IN_PROGRESS' });
  await flow.patch('a', { status: 'ON_HOLD' });
  assert.deepEqual(await shown().then((is) => [is.progress, is.hold]), ['IN_PROGRESS', 'ON_HOLD']);
  await flow.patch('c', { name: 'Last' });
  assert.equal(await read(flow, 'updated'), 'Last');
  await flow.complete('a');
  assert.deepEqual(await shown().then((is) => [is.task, is.completed]), ['Task b', 'Task a']);
  await flow.skip('b');
  assert.deepEqual(await shown().then((is) => [is.task, is.skipped, is.phase]), ['Last', 'Task b', 'Second']);
});

test('a change of status is an update of the task too', async () => {
  const flow = await start(parts(rule('TaskUpdated', 'task_status', 'status', { filter: { task_template_id: 'a' } })));
  await flow.patch('a', { status: 'IN_PROGRESS' });
  assert.equal(await read(flow, 'status'), 'IN_PROGRESS');
  await flow.complete('a');
  assert.equal(await read(flow, 'status'), 'COMPLETED');
});

test('a filter lets through one task or one phase', async () => {
  const flow = await start(
    parts(
      rule('TaskCompleted', 'task_name', 'only', { filter: { task_template_id: 'b' } }),
      rule('TaskCompleted', 'task_name', 'inside', { filter: { phase_template_id: 'q' } }),
    ),
  );
  await flow.complete('a');
  assert.deepEqual([await read(flow, 'only'), await read(flow, 'inside')], [undefined, undefined]);
  await flow.complete('b');
  assert.deepEqual([await read(flow, 'only'), await read(flow, 'inside')], ['Task b', undefined]);
  await flow.complete('c');
  assert.equal(await read(flow, 'inside'), 'Task c');
});

test('phases write their status as it is worked out', async () => {
  const flow = await start(
    parts(
      rule('PhaseCompleted', 'phase_name', 'completed'),
      rule('PhaseMarkedInProgress', 'phase_status', 'second', { filter: { phase_template_id: 'q' } }),
      rule('PhaseUpdated', 'phase_assigned_to', 'lead'),
      rule('PhaseSkipped', 'phase_name', 'skipped'),
    ),
  );
  await executions.patchPhase({ execution_id: flow.id, phase_id: flow.phase('p').id }, { assigned_to: ['new'] });
  assert.deepEqual(await read(flow, 'lead'), ['new']);
  await flow.complete('a');
  await flow.complete('b');
  assert.deepEqual([await read(flow, 'completed'), await read(flow, 'second')], ['First', 'IN_PROGRESS']);
  await flow.skip('c');
  assert.equal(await read(flow, 'skipped'), 'Second');
});

test('every context of the schema is written to, and no other', async () => {
  const contexts = [await about(), await about(), await about({}, 'meter')];
  await start(parts(rule('FlowStarted', 'workflow_status', 'state')), { contexts });
  const states = await Promise.all(contexts.map(async (one) => (await attributes(one)).state));
  assert.deepEqual(states, ['STARTED', 'STARTED', undefined]);
});

test('an entity says which flows are about it, and where they stand', async () => {
  const flow = await start(parts());
  await flow.complete('a');
  const { workflows } = await attributes(flow.entity);
  const [shown] = workflows.primary;
  assert.deepEqual([shown.id, shown.definition_id, shown.name], [flow.id, flow.data.flow_template_id, 'Synced']);
  assert.deepEqual([shown.status, shown.task_name, shown.phase_name, shown.assignees], ['STARTED', 'Task b', 'First', ['boss']]);
  assert.ok(shown.progress > 0 && shown.progress < 1 && shown.phase_progress > 0);
  assert.deepEqual(workflows[flow.data.flow_template_id].map((one) => one.id), [flow.id]);
});
