// Tasks of agents: they wait in progress until somebody reports what came of them.

import test from 'node:test';
import assert from 'node:assert/strict';
import { executions } from './client.mjs';
import { agent, edges, manual, start } from './flow.mjs';

const config = { agent_id: 'planner', parameters: { tone: 'kind' }, model: 'any' };
const parts = () => ({ tasks: [agent('g', { agent_config: config }), manual('next')], edges: edges('g > next') });

test('an agent starts by itself and waits in progress', async () => {
  const flow = await start(parts());
  await flow.begins('g');
  const task = flow.task('g');
  assert.deepEqual([task.task_type, task.agent_config, flow.current], ['AI_AGENT', config, ['g']]);
  assert.ok(task.agent_execution_id);
  assert.equal(task.agent_execution.execution_id, task.agent_execution_id);
  assert.match(task.analytics.started_at, /Z$/);
});

test('a patch reports the end, and the flow goes on', async () => {
  for (const status of ['COMPLETED', 'SKIPPED']) {
    const flow = await start(parts());
    await flow.begins('g');
    await flow.patch('g', { status });
    assert.deepEqual([flow.statuses('g'), flow.current], [[status], ['next']]);
  }
});

test('one that waits for approval or has failed stays current', async () => {
  const flow = await start(parts());
  await flow.begins('g');
  for (const status of ['WAITING_FOR_CONFIRMATION', 'FAILED']) {
    assert.equal((await flow.patch('g', { status })).status, status);
    assert.deepEqual(flow.current, ['g']);
  }
});

test('an agent that has failed is started again, one that runs is not', async () => {
  const flow = await start(parts());
  await flow.begins('g');
  const run = flow.task('g').agent_execution_id;
  await executions.executeTask(flow.at('g'));
  assert.equal((await flow.load()).task('g').agent_execution_id, run);
  await flow.patch('g', { status: 'FAILED' });
  const { data } = await executions.executeTask(flow.at('g'));
  assert.equal(data.task_type, 'AI_AGENT');
  await flow.begins('g');
});
