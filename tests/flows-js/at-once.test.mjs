// Several people at one flow at the same time: nothing is lost, and nothing is done twice.

import test from 'node:test';
import assert from 'node:assert/strict';
import { executions, until } from './client.mjs';
import { about, automation, choice, edges, manual, start, template } from './flow.mjs';
import { runs, workflow } from './native.mjs';

const many = (count) => Array.from({ length: count }, (_, at) => `t${at}`);

// Who does it, as a portal says it.
const as = (user) => ({ headers: { 'x-stepwell-user': user } });

// The statuses of calls that are made at once.
const statuses = (calls) =>
  Promise.all(calls.map((call) => call.then(({ status }) => status, (error) => error.response?.status ?? error.message)));

test('forty people each complete a task, and the flow stands behind all of them', async () => {
  const names = many(40);
  const flow = await start({
    tasks: [...names.map((name) => manual(name)), manual('last')],
    edges: names.flatMap((name) => edges(`${name} > last`)),
  });
  const done = await statuses(names.map((name) => executions.patchTask(flow.at(name), { status: 'COMPLETED' }, as(name))));
  assert.deepEqual(done, names.map(() => 200));
  await flow.stands('last');
  for (const name of names) assert.equal(flow.task(name).analytics.completed_by, name);
});

test('of several people who complete one task all see the outcome of the first', async () => {
  const flow = await start({ tasks: [manual('a'), manual('b'), manual('c')], edges: edges('a > b', 'b > c') });
  const people = many(8);
  const answers = await Promise.all(people.map((who) => executions.patchTask(flow.at('a'), { status: 'COMPLETED' }, as(who))));
  const [first] = new Set(answers.map(({ data }) => data.analytics.completed_by));
  for (const { data } of answers) assert.deepEqual([data.status, data.analytics.completed_by], ['COMPLETED', first]);
  await flow.stands('b');
});

test('a decision that several people take is taken once', async () => {
  const branches = many(6);
  const flow = await start({
    tasks: [choice('d', branches), ...branches.map((name) => manual(`to-${name}`))],
    edges: branches.flatMap((name) => edges(`d > to-${name} : ${name}`)),
  });
  const choose = (name) => executions.patchTask(flow.at('d'), { status: 'COMPLETED', next_condition_id: name });
  await statuses(branches.map(choose));
  await flow.load();
  assert.equal(flow.current.length, 1);
});

test('an automation that several people run is run once', async () => {
  const child = await workflow(['DELAY', { amount: 1, unit: 'hours' }]);
  const flow = await start({ tasks: [automation('s', { automation_config: { flow_id: child } })] });
  const done = await statuses(many(8).map(() => executions.runTaskAutomation(flow.at('s'))));
  assert.deepEqual(done, many(8).map(() => 200));
  await flow.begins('s');
  const [run] = await until(() => runs(child), (found) => found.length > 0);
  assert.deepEqual([(await runs(child)).length, flow.task('s').automation_execution_id], [1, run.id]);
});

test('a task that several people put on one edge is put there once', async () => {
  const flow = await start({ tasks: [manual('a'), manual('b')], edges: edges('a > b') });
  const body = { previous_task_id: flow.task('a').id, next_task_id: flow.task('b').id, task: { name: 'New' } };
  const done = await statuses(many(6).map(() => executions.addTask(flow.id, body)));
  assert.deepEqual(done.sort(), [201, 400, 400, 400, 400, 400]);
  assert.equal((await flow.load()).data.tasks.length, 3);
});

test('closing and completing at the same time leave a flow that is closed', async () => {
  const flow = await start({ tasks: [manual('a'), manual('b')], edges: edges('a > b') });
  const [closed] = await statuses([
    executions.patchFlowExecution(flow.id, { status: 'CLOSED' }),
    executions.patchTask(flow.at('a'), { status: 'COMPLETED' }),
  ]);
  assert.equal(closed, 200);
  await flow.ends('CLOSED');
});

test('many flows are started at once, each for itself', async () => {
  const [{ id }, context] = [await template({ tasks: [manual('a')] }), await about()];
  const body = { flow_template_id: id, contexts: [context] };
  const started = await Promise.all(many(20).map(() => executions.startFlowExecution(null, body)));
  assert.equal(new Set(started.map(({ data }) => data.tasks[0].id)).size, 20);
  const { data } = await executions.searchFlowExecutions(null, context);
  assert.equal(data.results.length, 20);
});
