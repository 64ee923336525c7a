// How a flow is ended by hand, with reasons, and opened again where it stood.

import test from 'node:test';
import assert from 'node:assert/strict';
import { executions, refused, templates } from './client.mjs';
import { automation, decision, edges, manual, start, that, when } from './flow.mjs';

const reason = async (title) => (await templates.createClosingReason(null, { title })).data;
const tasks = (...names) => names.map((name) => manual(name));
const line = { tasks: tasks('a', 'b', 'c'), edges: edges('a > b', 'b > c') };

test('a flow is closed with one of the reasons of its template', async () => {
  const [moved, dear] = [await reason('Moved away'), await reason('Too dear')];
  const flow = await start({ ...line, closing_reasons: [{ id: moved.id }, { id: dear.id }] });
  const configured = [moved, dear].map(({ id, title }) => ({ id, title }));
  assert.deepEqual(flow.data.closing_reason.configured_reasons, configured);
  await templates.updateClosingReason(dear.id, { title: 'Renamed' });
  const closing_reason = { selected_reasons: [configured[1]], extra_description: 'By phone' };
  const closed = await flow.change({ status: 'CLOSED', closing_reason });
  assert.deepEqual(closed.closing_reason, { configured_reasons: configured, ...closing_reason });
  assert.deepEqual([closed.status, closed.crt_tasks], ['CLOSED', []]);
  assert.match(closed.analytics.closed_at, /Z$/);
  assert.ok(closed.analytics.closed_by && !closed.analytics.completed_at);
  assert.deepEqual((await flow.load()).data, closed);
});

test('where one reason may be chosen several are refused', async () => {
  const flow = await start({ ...line, singleClosingReasonSelection: true });
  assert.equal(flow.data.singleClosingReasonSelection, true);
  const reasons = [{ id: 'x', title: 'X' }, { id: 'y', title: 'Y' }];
  const patch = { status: 'CLOSED', closing_reason: { selected_reasons: reasons } };
  const { status, message } = await refused(executions.patchFlowExecution(flow.id, patch));
  assert.equal(status, 400);
  assert.match(message, /closing_reason/);
  assert.equal((await flow.load()).data.status, 'STARTED');
  await flow.change({ status: 'CLOSED', closing_reason: { selected_reasons: reasons.slice(0, 1) } });
  const several = await start(line);
  assert.equal((await several.change(patch)).closing_reason.selected_reasons.length, 2);
});

test('reasons are said after the end as well, and each part stays until it is said anew', async () => {
  const flow = await start(line);
  await flow.change({ status: 'CLOSED', closing_reason: { extra_description: 'First' } });
  const said = await flow.change({ closing_reason: { selected_reasons: [{ id: 'x', title: 'X' }] } });
  assert.deepEqual(said.closing_reason, { selected_reasons: [{ id: 'x', title: 'X' }], extra_description: 'First' });
});

test('an opened flow stands where it was closed, with the tasks as they were', async () => {
  const flow = await start({ tasks: tasks('a', 'b', 'c', 'd'), edges: edges('a > b', 'a > c', 'c > d') });
  await flow.complete('a');
  await flow.patch('b', { status: 'ON_HOLD' });
  await flow.complete('c');
  const before = flow.current;
  await flow.change({ status: 'CLOSED' });
  const opened = await flow.change({ status: 'STARTED' });
  assert.deepEqual([flow.current, flow.statuses('a', 'b', 'c', 'd')], [before, ['COMPLETED', 'ON_HOLD', 'COMPLETED', 'PENDING']]);
  assert.deepEqual([opened.analytics.closed_at, opened.analytics.closed_by], [undefined, undefined]);
  await flow.complete('b');
  await flow.complete('d');
  await flow.ends();
});

test('what was scheduled, or waited for its conditions, does so again', async () => {
  const later = { trigger_mode: 'automatic', schedule: { mode: 'delayed', duration: 1, unit: 'days' } };
  const flow = await start({
    tasks: [automation('s', later), decision('d', [when('x', that('status', 'equals', 'won'))]), manual('e')],
    edges: edges('d > e : x'),
  });
  await flow.reaches('s', 'SCHEDULED');
  await flow.reaches('d', 'CONDITION_PENDING');
  const first = flow.task('s').schedule.schedule_id;
  await flow.change({ status: 'CLOSED' });
  await flow.change({ status: 'STARTED' });
  await flow.reaches('s', 'SCHEDULED');
  await flow.reaches('d', 'CONDITION_PENDING');
  assert.notEqual(flow.task('s').schedule.schedule_id, first);
  assert.deepEqual(flow.current, ['d', 's']);
});

test('a flow that is done by hand is opened where it stood', async () => {
  const flow = await start(line);
  await flow.complete('a');
  await flow.change({ status: 'DONE' });
  await flow.change({ status: 'STARTED' });
  assert.deepEqual([flow.current, flow.data.analytics.completed_at], [['b'], undefined]);
});

test('a flow that ran to its end is opened without a current task, and goes on by a revert', async () => {
  const flow = await start({ tasks: tasks('a', 'b'), edges: edges('a > b') });
  await flow.complete('a');
  await flow.complete('b');
  await flow.ends();
  const opened = await flow.change({ status: 'STARTED' });
  assert.deepEqual([opened.status, flow.current], ['STARTED', []]);
  await flow.revert('b');
  assert.deepEqual(flow.current, ['b']);
  await flow.complete('b');
  await flow.ends();
});

test('a flow that is done may be closed, and a closed one is not done', async () => {
  const flow = await start({ tasks: tasks('a') });
  await flow.complete('a');
  await flow.ends();
  assert.equal((await flow.change({ status: 'CLOSED' })).status, 'CLOSED');
  const before = flow.data;
  const { status, message } = await refused(executions.patchFlowExecution(flow.id, { status: 'DONE' }));
  assert.equal(status, 400);
  assert.match(message, /status/);
  assert.deepEqual((await flow.load()).data, before);
});

test('in a closed flow nothing begins', async () => {
  const flow = await start({ tasks: [automation('a'), manual('b')], edges: edges('a > b') });
  await flow.change({ status: 'CLOSED' });
  for (const call of ['runTaskAutomation', 'executeTask']) {
    assert.equal((await refused(executions[call](flow.at('a')))).status, 400, call);
  }
  const added = { previous_task_id: flow.task('a').id, next_task_id: flow.task('b').id, task: { name: 'New' } };
  assert.equal((await refused(executions.addTask(flow.id, added))).status, 400);
  assert.deepEqual((await flow.load()).statuses('a', 'b'), ['PENDING', 'PENDING']);
});
