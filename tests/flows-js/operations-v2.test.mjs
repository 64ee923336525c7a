// The operations on executions of flows.

import test from 'node:test';
import assert from 'node:assert/strict';
import { base, executions, key, refused, templates } from './client.mjs';
import { Flow, about, automation, choice, edges, manual, start, template } from './flow.mjs';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const later = { mode: 'delayed', duration: 1, unit: 'hours' };
const scheduled = (id, more) => automation(id, { trigger_mode: 'automatic', schedule: later, ...more });

const three = (more) => ({
  phases: [{ id: 'p', name: 'Phase', assigned_to: ['lead'] }],
  tasks: [manual('a', { phase_id: 'p' }), manual('b', { phase_id: 'p' }), manual('c')],
  edges: edges('a > b', 'b > c'),
  ...more,
});

test('startFlowExecution answers with a copy of the template, at its first task', async () => {
  const made = await template(three({ name: 'Three', taxonomies: ['x'], available_in_ecp: true, assigned_to: ['u1'] }));
  const contexts = [await about({ name: 'Roof' })];
  const { data, status } = await executions.startFlowExecution(null, { flow_template_id: made.id, contexts });
  const flow = new Flow(data);
  assert.equal(status, 201);
  assert.deepEqual([data.name, data.status, data.flow_template_id, data.org_id], ['Three', 'STARTED', made.id, made.org_id]);
  assert.deepEqual([data.taxonomies, data.available_in_ecp, data.assigned_to], [['x'], true, ['u1']]);
  assert.deepEqual([data.trigger.type, data._execution_chain?.depth ?? 0], ['MANUAL', 0]);
  assert.equal(data.contexts[0].entity_id, contexts[0].entity_id);
  for (const at of [data.created_at, data.updated_at, data.analytics.started_at, data.crt_tasks[0].crt_since]) assert.match(at, INSTANT);
  assert.ok(data.analytics.started_by);
  assert.deepEqual(flow.current, ['a']);
  for (const task of data.tasks) assert.match(task.id, UUID);
  assert.deepEqual(flow.statuses('a', 'b', 'c'), ['PENDING', 'PENDING', 'PENDING']);
  assert.ok(flow.phase('p').id !== 'p' && flow.task('a').phase_id === flow.phase('p').id);
  const ends = data.edges.map((edge) => [edge.id, edge.from_id, edge.to_id]);
  assert.deepEqual(ends, [['a>b', flow.task('a').id, flow.task('b').id], ['b>c', flow.task('b').id, flow.task('c').id]]);
  assert.deepEqual((await executions.getFlowExecution(data.id)).data, data);
});

test('later changes of the template do not reach a running flow', async () => {
  const flow = await start(three());
  const { data } = await templates.getFlowTemplate(flow.data.flow_template_id);
  await templates.updateFlowTemplate(data.id, { ...data, name: 'Changed', tasks: [manual('z')], edges: [], phases: [] });
  const before = flow.data;
  assert.deepEqual((await flow.load()).data, before);
  await templates.deleteFlowTemplate(data.id);
  await flow.complete('a');
  assert.deepEqual(flow.current, ['b']);
});

test('getFlowExecution knows its own executions only', async () => {
  for (const id of ['0190d3c8-0000-7000-8000-000000000000', 'nobody', 'a/b:c d']) {
    assert.equal((await refused(executions.getFlowExecution(id))).status, 404, id);
  }
});

test('patchFlowExecution changes what it carries, and nothing else', async () => {
  const flow = await start(three());
  const [before, other] = [flow.data, await about({ n: 1 }, 'meter')];
  const contexts = [flow.entity, { ...other, is_primary: true }];
  const due = '2031-01-02';
  const after = await flow.change({ due_date: due, assigned_to: ['u7', { variable: '{{entity.owner}}' }], contexts });
  assert.deepEqual([after.due_date, after.assigned_to[0], after.assigned_to[1].variable], [due, 'u7', '{{entity.owner}}']);
  assert.deepEqual(after.contexts.map((one) => [one.entity_id, one.is_primary ?? false]), [
    [flow.entity.entity_id, false],
    [other.entity_id, true],
  ]);
  assert.deepEqual([after.status, after.crt_tasks, after.tasks], [before.status, before.crt_tasks, before.tasks]);
  const config = { duration: 3, unit: 'days', type: 'WORKFLOW_STARTED' };
  const both = await flow.change({ due_date: '2032-05-05', due_date_config: config });
  assert.deepEqual([both.due_date, both.due_date_config.duration], ['2032-05-05', 3]);
  const done = await flow.change({ status: 'DONE' });
  assert.match(done.analytics.completed_at, INSTANT);
  assert.deepEqual([done.status, done.crt_tasks], ['DONE', []]);
});

test('deleteFlowExecution takes it away, softly or not; what it was about stays', async () => {
  for (const params of [{}, { soft: true }, { soft: false }]) {
    const flow = await start(three());
    assert.equal((await executions.deleteFlowExecution({ execution_id: flow.id, ...params })).status, 204);
    assert.equal((await refused(executions.getFlowExecution(flow.id))).status, 404);
    assert.equal((await refused(executions.deleteFlowExecution(flow.id))).status, 404);
    assert.equal((await refused(executions.patchTask(flow.at('a'), { status: 'COMPLETED' }))).status, 404);
    const { data } = await executions.searchFlowExecutions(null, flow.entity);
    assert.deepEqual(data.results, []);
    assert.equal((await start(three(), { contexts: [flow.entity] })).entity.entity_id, flow.entity.entity_id);
  }
});

test('searchFlowExecutions finds all that are about an entity, the newest first', async () => {
  const contexts = [await about()];
  const flows = [];
  for (const status of ['STARTED', 'DONE', 'CLOSED']) {
    const flow = await start(three(), { contexts });
    if (status !== 'STARTED') await flow.change({ status });
    flows.unshift(flow);
  }
  await start(three());
  const { data, status } = await executions.searchFlowExecutions(null, contexts[0]);
  assert.equal(status, 200);
  assert.deepEqual(data.results.map((one) => [one.id, one.status]), flows.map((flow) => [flow.id, flow.data.status]));
  assert.deepEqual(data.results[2], (await flows[2].load()).data);
  const nothing = await executions.searchFlowExecutions(null, { ...contexts[0], entity_schema: 'meter' });
  assert.deepEqual(nothing.data.results, []);
  assert.equal((await refused(executions.searchFlowExecutions(null, {}))).status, 400);
});

test('patchTask changes what it carries, and answers with the task', async () => {
  const flow = await start(three());
  const change = {
    name: 'Renamed',
    description: { enabled: true, value: '<p>new</p>' },
    due_date: '2030-06-01T00:00:00.000',
    assigned_to: ['u1', 'u2'],
    ecp: { enabled: true, label: 'For you' },
    installer: { enabled: true, label: 'For them' },
    partner: { enabled: false, label: 'For others' },
  };
  const task = await flow.patch('b', change);
  for (const [name, value] of Object.entries(change)) assert.deepEqual(task[name], value, name);
  assert.deepEqual(flow.task('b'), task);
  assert.deepEqual([task.status, flow.current], ['PENDING', ['a']]);
  const working = await flow.patch('a', { status: 'IN_PROGRESS' });
  for (const at of ['started_at', 'in_progress_at', 'status_updated_at']) assert.match(working.analytics[at], INSTANT);
  assert.ok(working.analytics.in_progress_by && !working.analytics.completed_at);
  assert.ok((await flow.patch('a', { status: 'ON_HOLD' })).analytics.on_hold_by);
  const done = await flow.patch('a', { status: 'COMPLETED', completed_via_journey: true });
  assert.match(done.analytics.completed_at, INSTANT);
  assert.deepEqual([done.analytics.completed_by, flow.current], [working.analytics.in_progress_by, ['b']]);
  assert.ok((await flow.skip('b')).analytics.skipped_by);
  await flow.complete('c');
  await flow.ends();
  assert.match(flow.data.analytics.completed_at, INSTANT);
});

test('who did it is the user that a portal names', async () => {
  const flow = await start(three());
  const headers = { 'x-stepwell-user': 'ada' };
  const { data } = await executions.patchTask(flow.at('a'), { status: 'COMPLETED' }, { headers });
  assert.equal(data.analytics.completed_by, 'ada');
});

test('the deprecated forms of PENDING are taken for it', async () => {
  const flow = await start(three());
  for (const status of ['UNASSIGNED', 'ASSIGNED']) assert.equal((await flow.patch('a', { status })).status, 'PENDING');
});

test('runTaskAutomation starts an automation, and a running one no second time', async () => {
  const flow = await start({ tasks: [automation('a'), manual('b')], edges: edges('a > b') });
  assert.deepEqual([flow.statuses('a'), flow.current], [['PENDING'], ['a']]);
  const { data, status } = await executions.runTaskAutomation(flow.at('a'));
  assert.deepEqual([status, data.status, data.task_type], [200, 'IN_PROGRESS', 'AUTOMATION']);
  await flow.comes(() => flow.task('a').automation_execution_id);
  const run = flow.task('a').automation_execution_id;
  await executions.runTaskAutomation(flow.at('a'));
  assert.equal((await flow.load()).task('a').automation_execution_id, run);
});

test('executeTask does a task whose time it is', async () => {
  const flow = await start({ tasks: [manual('a'), automation('b'), choice('d', ['x'])], edges: edges('a > b', 'b > d') });
  const early = await refused(executions.executeTask(flow.at('b')));
  assert.equal(early.status, 400);
  assert.equal((await executions.executeTask(flow.at('a'))).data.status, 'COMPLETED');
  await flow.stands('b');
  const { data, status } = await executions.executeTask(flow.at('b'));
  assert.deepEqual([status, data.status], [200, 'IN_PROGRESS']);
});

test('patchPhase changes what it carries, and no status', async () => {
  const flow = await start(three());
  const at = { execution_id: flow.id, phase_id: flow.phase('p').id };
  const change = { name: 'Renamed', due_date: '2030-06-01', assigned_to: ['u3'] };
  const { data, status } = await executions.patchPhase(at, { ...change, status: 'COMPLETED' });
  assert.equal(status, 200);
  for (const [name, value] of Object.entries(change)) assert.deepEqual(data[name], value, name);
  assert.deepEqual([data.status, data.template_id], ['IN_PROGRESS', 'p']);
  assert.deepEqual((await flow.load()).phase('p'), data);
});

test('addTask puts a task between two others', async () => {
  const flow = await start(three());
  const body = { previous_task_id: flow.task('a').id, next_task_id: flow.task('b').id, task: { name: 'Between' } };
  const { data, status } = await executions.addTask(flow.id, body);
  assert.equal(status, 201);
  const { name, task_type, enabled, manually_created } = data;
  assert.deepEqual([name, task_type, data.status, enabled, manually_created], ['Between', 'MANUAL', 'PENDING', true, true]);
  assert.deepEqual([data.template_id, data.phase_id], [data.id, flow.phase('p').id]);
  await flow.complete('a');
  assert.deepEqual(flow.current, [data.id]);
});

test('cancelTaskSchedule skips the task, and the flow goes on', async () => {
  const flow = await start({ tasks: [scheduled('a'), manual('b')], edges: edges('a > b') });
  await flow.reaches('a', 'SCHEDULED');
  assert.equal((await executions.cancelTaskSchedule(flow.at('a'))).status, 204);
  await flow.stands('b');
  assert.deepEqual(flow.statuses('a'), ['SKIPPED']);
  assert.equal((await refused(executions.cancelTaskSchedule(flow.at('a')))).status, 400);
});

test('runTaskScheduleNow starts what is scheduled', async () => {
  const flow = await start({ tasks: [scheduled('a'), manual('b')], edges: edges('a > b') });
  await flow.reaches('a', 'SCHEDULED');
  const { data, status } = await executions.runTaskScheduleNow(flow.at('a'));
  assert.deepEqual([status, data.status], [200, 'IN_PROGRESS']);
  assert.equal((await refused(executions.runTaskScheduleNow(flow.at('a')))).status, 400);
});

test('reconcileAutomationTask answers with the execution, and leaves what runs', async () => {
  const flow = await start({ tasks: [automation('a'), manual('b')], edges: edges('a > b') });
  await executions.runTaskAutomation(flow.at('a'));
  const { data, status } = await executions.reconcileAutomationTask(flow.at('a'));
  assert.deepEqual([status, data.id, data.status], [200, flow.id, 'STARTED']);
  await flow.load();
  assert.deepEqual([flow.statuses('a'), flow.current], [['IN_PROGRESS'], ['a']]);
});

test('cancelSchedule finds the task by its schedule', async () => {
  const flow = await start({ tasks: [scheduled('a'), manual('b')], edges: edges('a > b') });
  await flow.reaches('a', 'SCHEDULED');
  const at = { execution_id: flow.id, schedule_id: flow.task('a').schedule.schedule_id };
  assert.equal((await executions.cancelSchedule(at)).status, 204);
  await flow.stands('b');
  assert.deepEqual(flow.statuses('a'), ['SKIPPED']);
  assert.equal((await refused(executions.cancelSchedule(at))).status, 404);
});

test('a colon in a path is sent as it is or escaped', async () => {
  const flow = await start({ tasks: [automation('a')] });
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/x-www-form-urlencoded' };
  for (const colon of [':', '%3A']) {
    const found = await fetch(`${base}/v2/flows/executions${colon}search`, { method: 'POST', headers, body: JSON.stringify(flow.entity) });
    assert.deepEqual([found.status, (await found.json()).results.length], [200, 1], colon);
    const path = `/v2/flows/executions/${flow.id}/tasks/${flow.task('a').id}/automation${colon}run`;
    const run = await fetch(base + path, { method: 'POST', headers });
    assert.deepEqual([run.status, (await run.json()).status], [200, 'IN_PROGRESS'], colon);
  }
});
