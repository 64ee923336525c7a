// What came of a task is seen by those behind it: by conditions, and by automations as their input.

import test from 'node:test';
import assert from 'node:assert/strict';
import { until } from './client.mjs';
import { about, automation, decision, edges, manual, start, that, when } from './flow.mjs';
import { asked, call, runs, workflow } from './native.mjs';

const of = (id, more) => ({ origin: 'action', origin_type: 'entity', id, ...more });

// a → d → yes or no
const asks = (...statements) => ({
  tasks: [manual('a'), decision('d', [when('x', ...statements)]), manual('yes'), manual('no')],
  edges: edges('a > d', 'd > yes : x', 'd > no !'),
});

const complete = (flow, output) => asked('POST', `/v1/tasks/${flow.task('a').id}/complete`, { output });

test('a condition reads what a person entered', async () => {
  const parts = asks(that('answer', 'equals', 'go', of('a')), that('count', 'greater_than', '3', of('a', { attribute_type: 'number' })));
  const flow = await start(parts);
  await complete(flow, { answer: 'go', count: 4 });
  await flow.stands('yes');
  const other = await start(parts);
  await complete(other, { answer: 'go', count: 3 });
  await other.stands('no');
});

test('of a task that has not answered, or is not there, nothing holds', async () => {
  const flow = await start(asks(that('answer', 'is_empty', [], of('yes'))));
  await flow.complete('a');
  await flow.stands('no');
});

test('what a task entered is undone with it', async () => {
  const flow = await start(asks(that('answer', 'equals', 'go', of('a'))));
  await complete(flow, { answer: 'go' });
  await flow.stands('yes');
  await flow.revert('a');
  await complete(flow, { answer: 'stop' });
  await flow.stands('no');
});

test('an automation works on the entity that an earlier task names', async () => {
  const child = await workflow(['DELAY', { amount: 1, unit: 'hours' }]);
  const meter = await about({ number: 7 }, 'meter');
  const config = { flow_id: child, input_context: { source: 'task', task_id: 'a' } };
  const flow = await start({
    tasks: [manual('a'), automation('s', { automation_config: config, trigger_mode: 'automatic' })],
    edges: edges('a > s'),
  });
  await complete(flow, { entity: { _id: meter.entity_id, _schema: 'meter', number: 7 } });
  const [run] = await until(() => runs(child), (found) => found.length === 1);
  const { context } = await asked('GET', `/workflows/${child}/executions/${run.id}`);
  assert.deepEqual([context.entityId, context.schema, context.entity.number], [meter.entity_id, 'meter', 7]);
  await flow.begins('s');
  assert.deepEqual(flow.task('s').automation_config.input_context, config.input_context);
});

test('what is too large to be an output is refused', async () => {
  const flow = await start(asks(that('answer', 'equals', 'go', of('a'))));
  const answer = await call('POST', `/v1/tasks/${flow.task('a').id}/complete`, { output: { answer: 'x'.repeat(3_000_000) } });
  assert.ok([400, 413, 422].includes(answer.status), `${answer.status}`);
  assert.deepEqual((await flow.load()).current, ['a']);
});
