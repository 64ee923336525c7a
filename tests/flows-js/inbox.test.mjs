// The tasks of flows in the inbox, where people find and do them beside those of everything else.

import test from 'node:test';
import assert from 'node:assert/strict';
import { refused, executions, until } from './client.mjs';
import { about, choice, edges, manual, start } from './flow.mjs';
import { asked, call, workflow } from './native.mjs';

const mine = `person-${Date.now()}`;
const parts = (more) => ({
  name: 'For people',
  phases: [{ id: 'p', name: 'First' }, { id: 'q', name: 'Second' }],
  tasks: [
    manual('a', { phase_id: 'p', assigned_to: [mine, 'u2'], due_date: '2020-01-01', ...more }),
    manual('b', { phase_id: 'q', assigned_to: [{ variable: '{{entity.owner}}' }], due_date: '2099-01-01' }),
    choice('d', ['x', 'y']),
    manual('e'),
  ],
  edges: edges('d > e : x'),
});

const list = async (query) => (await asked('GET', `/v1/tasks?limit=200&${new URLSearchParams(query)}`)).data;
const keys = async (query) => (await list(query)).map((task) => task.key).sort();

test('a task is found by each filter', async () => {
  const flow = await start(parts(), { entity: { owner: 'ada' } });
  const of = (query) => keys({ flow: flow.id, ...query });
  assert.deepEqual(await of({}), ['a', 'b', 'd']);
  assert.deepEqual(await of({ open: 'false' }), ['a', 'b', 'd', 'e']);
  assert.deepEqual(await of({ assignee: mine }), ['a']);
  assert.deepEqual(await of({ assignee: 'ada' }), ['b']);
  assert.deepEqual(await of({ assignee: 'nobody' }), []);
  assert.deepEqual(await of({ phase: 'q' }), ['b']);
  assert.deepEqual(await of({ overdue: 'true' }), ['a']);
  assert.deepEqual(await of({ due_before: '2050-01-01T00:00:00Z' }), ['a']);
  assert.deepEqual(await of({ due_after: '2050-01-01T00:00:00Z' }), ['b']);
  assert.deepEqual(await of({ surface: 'flow' }), ['a', 'b', 'd']);
  assert.deepEqual(await of({ surface: 'checklist' }), []);
  await flow.patch('a', { status: 'IN_PROGRESS' });
  assert.deepEqual(await of({ status: 'IN_PROGRESS' }), ['a']);
  await flow.complete('a');
  assert.deepEqual(await of({ status: 'COMPLETED' }), ['a']);
  assert.deepEqual(await of({}), ['b', 'd']);
  assert.ok((await keys({ assignee: 'ada' })).includes('b'));
});

test('a task shows what it is, of which flow, and who is to do it until when', async () => {
  const flow = await start(parts());
  const task = (await list({ flow: flow.id, phase: 'p' }))[0];
  assert.deepEqual([task.id, task.executionId, task.executionName], [flow.task('a').id, flow.id, 'For people']);
  assert.deepEqual([task.surface, task.kind, task.name, task.status, task.enabled], ['flow', 'MANUAL', 'Task a', 'PENDING', true]);
  assert.deepEqual([task.assignees, task.dueDate, task.phase], [[mine, 'u2'], '2020-01-01', 'p']);
  assert.equal(task.definitionId, flow.data.flow_template_id);
});

test('it is completed there, and the flow goes on', async () => {
  const flow = await start({ tasks: [manual('a'), manual('b')], edges: edges('a > b') });
  const path = `/v1/tasks/${flow.task('a').id}`;
  const answer = await call('POST', `${path}/complete`, { output: { seen: true } }, { 'x-stepwell-user': 'ada' });
  assert.deepEqual([answer.status, answer.body.status, answer.body.completedBy], [200, 'COMPLETED', 'ada']);
  await flow.stands('b');
  assert.equal(flow.task('a').analytics.completed_by, 'ada');
  const late = await call('POST', `${path}/complete`, {});
  assert.deepEqual([late.status, late.body.error.details.task.completedBy], [409, 'ada']);
});

test('a decision is completed with its branch', async () => {
  const flow = await start(parts());
  const path = `/v1/tasks/${flow.task('d').id}/complete`;
  for (const body of [{}, { branch: 'nobody' }]) {
    const answer = await call('POST', path, body);
    assert.equal(answer.status, 422);
    assert.match(JSON.stringify(answer.body), /branch/);
  }
  assert.equal((await call('POST', path, { branch: 'x' })).status, 200);
  await flow.stands('a', 'b', 'e');
});

test('it is skipped, given to others and talked about', async () => {
  const flow = await start(parts());
  const path = `/v1/tasks/${flow.task('a').id}`;
  const given = await asked('POST', `${path}/assign`, { assignees: ['zoe'] });
  assert.deepEqual([given.assignees, (await flow.load()).task('a').assigned_to], [['zoe'], ['zoe']]);
  assert.deepEqual(await keys({ flow: flow.id, assignee: 'zoe' }), ['a']);
  assert.deepEqual(await keys({ flow: flow.id, assignee: mine }), []);
  const said = await call('POST', `${path}/comment`, { text: 'Called twice' }, { 'x-stepwell-user': 'ada' });
  assert.deepEqual([said.status, said.body.text, said.body.author], [201, 'Called twice', 'ada']);
  const skipped = await asked('POST', `${path}/skip`, { reason: 'Not needed' });
  assert.equal(skipped.status, 'SKIPPED');
  const shown = await asked('GET', path);
  assert.deepEqual(shown.comments.map((one) => one.text), ['Called twice']);
  await flow.stands('b', 'd');
});

test('a disabled task is found, and not done', async () => {
  const flow = await start({ tasks: [manual('a', { requirements: [{ when: 'TASK_FINISHED', task_id: 'b' }] }), manual('b')], edges: [] });
  const [task] = (await list({ flow: flow.id })).filter((one) => one.key === 'a');
  assert.equal(task.enabled, false);
  const answer = await call('POST', `/v1/tasks/${task.id}/complete`, {});
  assert.ok([400, 409, 422].includes(answer.status), `${answer.status}`);
  assert.deepEqual((await flow.load()).statuses('a'), ['PENDING']);
});

test('tasks of workflows lie beside those of flows', async () => {
  const id = await workflow(['manual-task', { title: 'Look at it' }]);
  const contact = await about({ email: `${Math.random()}@example.org` }, 'contact');
  await asked('POST', `/workflows/${id}/executions`, { contactId: contact.entity_id });
  const [task] = await until(() => list({ surface: 'workflow' }), (found) => found.length > 0);
  const both = `both-${Date.now()}`;
  await asked('POST', `/v1/tasks/${task.id}/assign`, { assignees: [both] });
  const flow = await start({ tasks: [manual('a', { assigned_to: [both] })] });
  const found = (await list({ assignee: both })).map((one) => [one.id, one.surface]).sort();
  assert.deepEqual(found, [[task.id, 'workflow'], [flow.task('a').id, 'flow']].sort());
  const done = await asked('POST', `/v1/tasks/${task.id}/complete`, { output: { ok: 1 } });
  assert.equal(done.status, 'COMPLETED');
});

test('pages follow one another without a gap', async () => {
  const tasks = Array.from({ length: 7 }, (_, at) => manual(`t${at}`));
  const flow = await start({ tasks, edges: [] });
  const found = [];
  let cursor = null;
  do {
    const query = new URLSearchParams({ flow: flow.id, limit: '3', ...(cursor && { cursor }) });
    const page = await asked('GET', `/v1/tasks?${query}`);
    found.push(...page.data.map((task) => task.key));
    cursor = page.cursor;
  } while (cursor);
  assert.deepEqual(found.sort(), tasks.map((task) => task.id));
});

test('a closed or deleted flow has nothing to do', async () => {
  const [closed, deleted] = [await start(parts()), await start(parts())];
  await closed.change({ status: 'CLOSED' });
  await executions.deleteFlowExecution({ execution_id: deleted.id, soft: true });
  assert.deepEqual([await keys({ flow: closed.id }), await keys({ flow: deleted.id })], [[], []]);
  const answer = await call('POST', `/v1/tasks/${deleted.task('a').id}/complete`, {});
  assert.ok([404, 409].includes(answer.status), `${answer.status}`);
  assert.equal((await refused(executions.getFlowExecution(deleted.id))).status, 404);
});
