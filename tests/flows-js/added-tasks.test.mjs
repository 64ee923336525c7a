// Tasks that are added to a running flow.

import test from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { executions, refused } from './client.mjs';
import { automation, choice, edges, manual, repeat, start } from './flow.mjs';

const tasks = (...names) => names.map((name) => manual(name));
const ends = (flow) => flow.data.edges.map((edge) => [edge.from_id, edge.to_id]);

test('it takes the place of the current task that it is put before', async () => {
  const flow = await start({ tasks: tasks('a', 'b', 'c'), edges: edges('a > b', 'b > c') });
  await flow.complete('a');
  await flow.patch('b', { status: 'IN_PROGRESS' });
  const { id } = await flow.add('a', 'b', { name: 'Between' });
  assert.deepEqual([flow.current, flow.statuses('b')], [[id], ['PENDING']]);
  await flow.complete(id);
  assert.deepEqual(flow.current, ['b']);
});

test('it is walked through when its time comes', async () => {
  const flow = await start({ tasks: tasks('a', 'b', 'c'), edges: edges('a > b', 'b > c') });
  const { id } = await flow.add('b', 'c', { name: 'Between' });
  assert.deepEqual(flow.current, ['a']);
  for (const name of ['a', 'b', id, 'c']) {
    assert.deepEqual(flow.current, [name]);
    await flow.complete(name);
  }
  await flow.ends();
});

test('the direct edge is gone, and two lead over the new task', async () => {
  const flow = await start({ tasks: tasks('a', 'b'), edges: edges('a > b') });
  const [a, b] = [flow.task('a').id, flow.task('b').id];
  const { id } = await flow.add('a', 'b', { name: 'Between' });
  assert.deepEqual(ends(flow).sort(), [[a, id], [id, b]].sort());
  const body = { previous_task_id: a, next_task_id: b, task: { name: 'Again' } };
  assert.equal((await refused(executions.addTask(flow.id, body))).status, 400);
});

test('behind a decision it lies on the branch', async () => {
  const flow = await start({
    tasks: [choice('d', ['l', 'r']), ...tasks('b', 'c')],
    edges: edges('d > b : l', 'd > c : r'),
  });
  const { id } = await flow.add('d', 'b', { name: 'Between' });
  const edge = flow.data.edges.find((one) => one.to_id === id);
  assert.equal(edge.condition_id, 'l');
  await flow.choose('d', 'l');
  assert.deepEqual(flow.current, [id]);
  const other = await start({ tasks: [choice('d', ['l', 'r']), ...tasks('b', 'c')], edges: edges('d > b : l', 'd > c !') });
  const added = await other.add('d', 'c', { name: 'Between' });
  assert.equal(other.data.edges.find((one) => one.to_id === added.id).none_met, true);
  await other.skip('d');
  assert.deepEqual(other.current, [added.id]);
});

test('what is said of it is kept', async () => {
  const flow = await start({
    phases: [{ id: 'p', name: 'P' }, { id: 'q', name: 'Q' }],
    tasks: [manual('a', { phase_id: 'p' }), manual('b', { phase_id: 'p' })],
    edges: edges('a > b'),
  });
  const id = randomUUID();
  const said = { id, name: 'Mine', due_date: '2030-01-01', assigned_to: ['u1'], enabled: false, phase_id: flow.phase('q').id };
  const task = await flow.add('a', 'b', said);
  for (const [name, value] of Object.entries(said)) assert.deepEqual(task[name], value, name);
  assert.equal(task.template_id, id);
  const other = await start({ tasks: tasks('a', 'b'), edges: edges('a > b') });
  const twin = { previous_task_id: other.task('a').id, next_task_id: other.task('b').id, task: { name: 'Twin', id } };
  const { status, message } = await refused(executions.addTask(other.id, twin));
  assert.equal(status, 400);
  assert.match(message, /task\.id/);
});

test('an automation may be added, and waits to be run', async () => {
  const flow = await start({ tasks: tasks('a', 'b'), edges: edges('a > b') });
  const config = { flow_id: 'elsewhere' };
  const { id } = await flow.add('a', 'b', { name: 'Letter', task_type: 'AUTOMATION', automation_config: config });
  await flow.complete('a');
  assert.deepEqual([flow.current, flow.statuses(id)], [[id], ['PENDING']]);
  const { data } = await executions.runTaskAutomation(flow.at(id));
  assert.deepEqual([data.status, data.automation_config.flow_id], ['IN_PROGRESS', 'elsewhere']);
  await flow.complete(id);
  await flow.stands('b');
});

test('before an automation that runs it takes its place, and the automation begins anew', async () => {
  const flow = await start({ tasks: [manual('a'), automation('b', { trigger_mode: 'automatic' })], edges: edges('a > b') });
  await flow.complete('a');
  await flow.begins('b');
  const { id } = await flow.add('a', 'b', { name: 'Before' });
  assert.deepEqual([flow.current, flow.statuses('b')], [[id], ['PENDING']]);
  await flow.complete(id);
  await flow.begins('b');
});

test('on the way back of a loop it does not change the rounds', async () => {
  const flow = await start({
    tasks: [manual('a'), choice('d', ['again', 'enough'], repeat('again', 'enough', 2)), manual('end')],
    edges: edges('a > d', 'd > a : again', 'd > end : enough'),
  });
  await flow.complete('a');
  await flow.choose('d', 'again');
  const { id } = await flow.add('d', 'a', { name: 'On the way' });
  assert.equal(flow.task('d').loop_config.crt_iterations, 1);
  await flow.complete('a');
  await flow.choose('d', 'again');
  assert.deepEqual(flow.current, [id]);
  await flow.complete(id);
  assert.deepEqual([flow.current, flow.task('d').loop_config.crt_iterations], [['a'], 2]);
  await flow.complete('a');
  await flow.choose('d', 'again');
  assert.deepEqual(flow.current, ['end']);
});

test('a flow that was added to is a version of its own', async () => {
  const one = await start({ tasks: tasks('a', 'b'), edges: edges('a > b') });
  await one.add('a', 'b', { name: 'Mine' });
  const answer = await executions.startFlowExecution(null, {
    flow_template_id: one.data.flow_template_id,
    contexts: [one.entity],
  });
  assert.deepEqual(answer.data.tasks.map((task) => task.template_id), ['a', 'b']);
});

test('what cannot be added is refused, names the field and changes nothing', async () => {
  const flow = await start({ tasks: tasks('a', 'b', 'c'), edges: edges('a > b', 'b > c') });
  const [previous_task_id, next_task_id] = [flow.task('a').id, flow.task('b').id];
  const unknown = '7c1c7a3e-58a5-4f0b-9a51-0d6a2a4a2f10';
  const whole = { previous_task_id, next_task_id, task: { name: 'New' } };
  const before = flow.data;
  for (const [more, word] of [
    [{ previous_task_id: unknown }, /previous_task_id/],
    [{ next_task_id: unknown }, /next_task_id/],
    [{ next_task_id: flow.task('c').id }, /next_task_id|edge/],
    [{ previous_task_id: 'a' }, /previous_task_id/],
    [{ next_task_id: undefined }, /next_task_id/],
    [{ task: undefined }, /task/],
    [{ task: {} }, /name/],
    [{ task: { name: '' } }, /name/],
    [{ task: { name: 'New', id: previous_task_id } }, /id/],
    [{ task: { name: 'New', id: 'short' } }, /id/],
    [{ task: { name: 'New', phase_id: 'nowhere' } }, /phase_id/],
    [{ task: { name: 'New', task_type: 'DECISION' } }, /task_type/],
    [{ task: { name: 'New', task_type: 'AUTOMATION' } }, /automation_config/],
    [{ task: { name: 'New', status: 'NONSENSE' } }, /status/],
    [{ task: { name: 'New', due_date: 'soon' } }, /due_date/],
  ]) {
    const { status, message } = await refused(executions.addTask(flow.id, { ...whole, ...more }));
    assert.equal(status, 400, JSON.stringify(more));
    assert.match(message, word, JSON.stringify(more));
  }
  assert.deepEqual((await flow.load()).data, before);
});
