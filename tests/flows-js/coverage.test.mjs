// Every operation of both documents is called, with its documented success and each documented refusal that can be brought about.
// The other files are run here once more, since what is counted is of one process.

import test from 'node:test';
import assert from 'node:assert/strict';
import { executions, refused, templates, withKey } from './client.mjs';
import { called, documented } from './validate.mjs';
import { automation, edges, manual, start, template } from './flow.mjs';
import { asked } from './native.mjs';
import { checklist } from './shapes.mjs';
import './operations-templates.test.mjs';
import './operations-definitions.test.mjs';
import './operations-v1.test.mjs';
import './operations-v2.test.mjs';
import './closing-reasons.test.mjs';

const NOBODY = '7c1c7a3e-58a5-4f0b-9a51-0d6a2a4a2f10';

// Documented refusals that cannot be brought about, and why: an id is opaque, so that one that is no id of ours is one of nothing.
const never = {
  getFlowTemplate: [400],
  duplicateFlowTemplate: [400],
  getDefinition: [400],
  getClosingReason: [400],
  getClosingReasonV1: [400],
  cancelSchedule: [400],
};

// What is wrong with a request, for the operations that document 400.
const wrong = {
  createExecution: () => [null, {}],
  createStep: () => [NOBODY, { name: 'x', insertionIndex: 0 }],
  updateStep: () => [{ executionId: NOBODY, stepId: NOBODY }, {}],
  searchExecutions: () => [null, { status: 'NONSENSE' }],
  searchSteps: () => [null, { status: 'NONSENSE' }],
  startFlowExecution: () => [null, {}],
  searchFlowExecutions: () => [null, {}],
  patchTask: (flow) => [flow.at('a'), { status: 'NONSENSE' }],
  runTaskAutomation: (flow) => [flow.at('a')],
  executeTask: (flow) => [{ ...flow.at('a'), task_id: NOBODY }],
  patchPhase: (flow) => [{ execution_id: flow.id, phase_id: NOBODY }, {}],
  addTask: (flow) => [flow.id, {}],
  cancelTaskSchedule: (flow) => [flow.at('a')],
  runTaskScheduleNow: (flow) => [flow.at('a')],
  reconcileAutomationTask: (flow) => [flow.at('a')],
  createDefinition: () => [null, {}],
  updateDefinition: () => [NOBODY, checklist()],
  createFlowTemplate: () => [null, {}],
  updateFlowTemplate: (flow) => [flow.data.flow_template_id, {}],
  updateClosingReason: (_, reason) => [reason.id, { title: 7 }],
  changeReasonStatus: (_, reason) => [reason.id, { status: 'NONSENSE' }],
};

// A body that an operation understands, where something that is not there has to be found out behind it.
const bodies = { updateFlowTemplate: { name: 'Whole', tasks: [], edges: [] }, updateClosingReason: { title: 'New' } };

const client = { executions, templates };
const nowhere = ({ parameters }) => (parameters.length ? Object.fromEntries(parameters.map((name) => [name, NOBODY])) : null);
const document = (status) => documented.filter((one) => one.statuses.includes(status) && !never[one.id]?.includes(status));

async function all(status, clients, args) {
  const list = document(status);
  assert.ok(list.length > 0);
  for (const one of list) {
    const answer = await refused(clients[one.api][one.id](...args(one)));
    assert.equal(answer.status, status, one.id);
    assert.equal(typeof answer.message, 'string', one.id);
  }
}

test('a key that is unknown is 401 on every operation that documents it', async () => {
  await all(401, withKey(`sk_${'0'.repeat(64)}`), (one) => [nowhere(one), {}]);
});

test('a key without the scope is 403 on every operation that documents it', async () => {
  const { key } = await asked('POST', '/v1/keys', { name: 'weak', kind: 'secret', scopes: ['contacts:read'] });
  await all(403, withKey(key), (one) => [nowhere(one), {}]);
});

test('an id of nothing is 404 on every operation that documents it', async () => {
  await all(404, client, (one) => [nowhere(one), bodies[one.id] ?? {}]);
});

test('a template that somebody else has changed meanwhile is 409', async () => {
  const made = await template({ tasks: [manual('a')] });
  await all(409, client, () => [made.id, { ...made, updated_at: '2020-01-01T00:00:00.000Z' }]);
});

test('a request that is wrong is 400 on every operation that documents it', async () => {
  const flow = await start({ phases: [{ id: 'p', name: 'P' }], tasks: [manual('a'), automation('b')], edges: edges('a > b') });
  const { data: reason } = await templates.createClosingReason(null, { title: 'Some' });
  await all(400, client, (one) => wrong[one.id](flow, reason));
  const before = flow.data;
  assert.deepEqual((await flow.load()).data, before);
});

test('every operation was called, and answered with all that can be of what is documented', () => {
  assert.deepEqual([documented.filter((one) => one.api === 'executions').length, documented.length], [25, 47]);
  const missing = documented.flatMap(({ id, statuses }) => {
    const seen = called.get(id) ?? new Set();
    const wanted = statuses.filter((status) => status < 500 && !never[id]?.includes(status));
    return wanted.filter((status) => !seen.has(status)).map((status) => `${id} ${status}`);
  });
  assert.deepEqual(missing, []);
  const stale = Object.entries(never).flatMap(([id, statuses]) => statuses.filter((status) => called.get(id).has(status)).map(() => id));
  assert.deepEqual(stale, [], 'what was said to be impossible has been seen');
});
