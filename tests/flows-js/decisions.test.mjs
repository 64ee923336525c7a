// Decisions: which branches they take, and what they find out for it.

import test from 'node:test';
import assert from 'node:assert/strict';
import { executions, refused } from './client.mjs';
import { about, change, choice, decision, edges, manual, start, that, when } from './flow.mjs';
import { asked } from './native.mjs';


const entity = {
  status: 'won',
  note: 'Solar roof',
  empty: '',
  price: 99.5,
  amount: '12.50',
  signed: true,
  tags: ['solar', 'heat'],
  none: [],
  contact: [{ email: 'ada@example.org' }, { email: 'bob@example.org' }],
  address: { city: 'Bern' },
  today: new Date().toISOString(),
  start: '2026-03-31',
  since: '2026-01-02T03:04:05.000Z',
};

const of = (type) => ({ attribute_type: type });
const number = of('number');
const date = of('date');
const tags = { attribute_type: 'tags', attribute_repeatable: true };
const relative = { value_type: 'relative_date' };
const several = (attributes, attributes_match) => ({ attribute: undefined, attributes, attributes_match });

// What is asked of which attribute, and whether it holds (spec epilot-flows, 12).
const table = [
  ['status', 'equals', 'won', true],
  ['status', 'equals', 'Won', false],
  ['status', 'equals', ['lost', 'won'], false],
  ['status', 'not_equals', 'lost', true],
  ['status', 'not_equals', 'won', false],
  ['status', 'any_of', ['lost', 'won'], true],
  ['status', 'any_of', ['lost', 'open'], false],
  ['status', 'none_of', ['lost', 'open'], true],
  ['status', 'none_of', ['lost', 'won'], false],
  ['note', 'contains', 'roof', true],
  ['note', 'contains', 'Roof', false],
  ['note', 'not_contains', 'wind', true],
  ['note', 'starts_with', 'Solar', true],
  ['note', 'starts_with', 'roof', false],
  ['note', 'ends_with', 'roof', true],
  ['note', 'ends_with', 'Solar', false],
  ['price', 'equals', '99.50', true, number],
  ['price', 'greater_than', '99', true, number],
  ['price', 'greater_than', '100', false, number],
  ['amount', 'less_than', '9', false, of('price')],
  ['amount', 'less_than', '100', true, of('price')],
  ['amount', 'greater_than_or_equals', '12.5', true, of('price')],
  ['amount', 'less_than_or_equals', '12.49', false, of('price')],
  ['status', 'greater_than', 'wom', true],
  ['signed', 'equals', 'true', true, of('boolean')],
  ['signed', 'equals', 'false', false, of('boolean')],
  ['since', 'equals', '2026-01-02T04:04:05+01:00', true, of('datetime')],
  ['start', 'less_than', '2026-04-01', true, date],
  ['start', 'greater_than', '2026-04-01', false, date],
  ['start', 'equals', '2026-04-01', true, { ...date, date_offset: { amount: 1, unit: 'days' } }],
  ['start', 'equals', '2026-02-28', true, { ...date, date_offset: { amount: -1, unit: 'months' } }],
  ['start', 'equals', '2027-03-31', true, { ...date, date_offset: { amount: 1, unit: 'years' } }],
  ['today', 'greater_than_or_equals', 'today', true, date, relative],
  ['start', 'less_than', 'today', Date.now() > Date.parse('2026-03-31'), date, relative],
  ['today', 'less_than', 'today', true, { ...date, date_offset: { amount: -2, unit: 'days' } }, relative],
  ['today', 'less_than', 'someday', false, date, relative],
  ['tags', 'contains', 'solar', true, tags],
  ['tags', 'contains', 'sol', false, tags],
  ['tags', 'not_contains', 'wind', true, tags],
  ['tags', 'equals', 'heat', true, tags],
  ['tags', 'not_equals', 'heat', false, tags],
  ['tags', 'any_of', ['wind', 'heat'], true, tags],
  ['tags', 'none_of', ['wind', 'water'], true, tags],
  ['tags', 'none_of', ['wind', 'heat'], false, tags],
  ['tags', 'is_empty', [], false, tags],
  ['empty', 'is_empty', [], true],
  ['none', 'is_empty', [], true, tags],
  ['missing', 'is_empty', [], true],
  ['missing', 'is_not_empty', [], false],
  ['missing', 'equals', 'x', false],
  ['missing', 'not_equals', 'x', true],
  ['missing', 'any_of', ['x'], false],
  ['missing', 'none_of', ['x'], true],
  ['missing', 'greater_than', '1', false, number],
  ['status', 'is_not_empty', [], true],
  ['status', 'equals', '1', false, number],
  ['contact', 'equals', 'bob@example.org', true, { ...of('relation'), attribute_sub_field: 'email' }],
  ['address', 'equals', 'Bern', true, { ...of('string'), attribute_sub_field: 'city' }],
  ['any of them', 'equals', 'won', true, several(['note', 'status'])],
  ['any of them', 'equals', 'won', true, several(['note', 'status'], 'any')],
  ['all of them', 'equals', 'won', false, several(['note', 'status'], 'all')],
  ['all of them', 'is_not_empty', [], true, several(['note', 'status'], 'all')],
  ['status', 'equals', 'won', false, { origin: 'action', origin_type: 'workflow', id: 'nobody' }],
];

test('each operator on each kind of value finds what it should', async () => {
  const half = Math.ceil(table.length / 2);
  for (const rows of [table.slice(0, half), table.slice(half)]) {
    const conditions = rows.map(([attribute, operator, values, , source, more], at) =>
      when(`c${at}`, that(attribute, operator, values, source, more)),
    );
    const flow = await start({ tasks: [decision('d', conditions)] }, { entity });
    await flow.ends();
    flow.task('d').conditions.forEach((condition, at) => {
      const [attribute, operator, values, holds] = rows[at];
      assert.equal(condition.is_met, holds, `${attribute} ${operator} ${values}`);
      assert.ok(condition.evaluated_at);
    });
  }
});

const won = that('status', 'equals', 'won');
const lost = that('status', 'equals', 'lost');
const large = that('price', 'greater_than', '50', number);
const ends = [manual('a'), manual('b'), manual('c')];

test('statements are put together with AND or OR', async () => {
  const conditions = [
    when('both', won, large),
    when('not both', won, lost),
    { ...when('one', lost, large), logical_operator: 'OR' },
    { ...when('neither', lost, lost), logical_operator: 'OR' },
  ];
  const flow = await start({ tasks: [decision('d', conditions)] }, { entity });
  await flow.ends();
  assert.deepEqual(flow.task('d').conditions.map((one) => one.is_met), [true, false, true, false]);
});

test('all met branches run in parallel, unless only the first may', async () => {
  const conditions = [when('x', lost), when('y', large), when('z', won)];
  const tasks = (more) => [decision('d', conditions, more), ...ends];
  const lines = edges('d > a : x', 'd > b : y', 'd > c : z');
  const flow = await start({ tasks: tasks(), edges: lines }, { entity });
  await flow.stands('b', 'c');
  const single = await start({ tasks: tasks({ allow_parallel_execution: false }), edges: lines }, { entity });
  await single.stands('b');
});

test('the default branch is taken when nothing is met, and only then', async () => {
  const tasks = [decision('d', [when('x', lost), when('none-met-d')]), ...ends.slice(0, 2)];
  const lines = edges('d > a : x', 'd > b : none-met-d !');
  const flow = await start({ tasks, edges: lines }, { entity });
  await flow.stands('b');
  const other = await start({ tasks, edges: lines }, { entity: { ...entity, status: 'lost' } });
  await other.stands('a');
});

test('a branch without an edge ends its path', async () => {
  const tasks = [manual('first'), decision('d', [when('x', won), when('y', lost)]), ...ends];
  const flow = await start({ tasks: tasks.slice(0, 3), edges: edges('first > d', 'd > a : y') }, { entity });
  await flow.complete('first');
  await flow.ends();
});

test('nothing met and no default: it waits, and is evaluated again when the entity changes', async () => {
  const tasks = [decision('d', [when('x', lost)]), manual('a')];
  const flow = await start({ tasks, edges: edges('d > a : x') }, { entity });
  await flow.reaches('d', 'CONDITION_PENDING');
  assert.deepEqual([flow.current, flow.task('d').conditions[0].is_met], [['d'], false]);
  const before = flow.task('d').conditions[0].evaluated_at;
  await change(flow.entity, { status: 'open' });
  await flow.comes(() => flow.task('d').conditions[0].evaluated_at > before);
  assert.deepEqual(flow.statuses('d'), ['CONDITION_PENDING']);
  await change(flow.entity, { status: 'lost' });
  await flow.stands('a');
  assert.deepEqual(flow.statuses('d'), ['COMPLETED']);
});

test('executing a decision that waits evaluates it again', async () => {
  const tasks = [decision('d', [when('x', lost)]), manual('a')];
  const flow = await start({ tasks, edges: edges('d > a : x') }, { entity });
  await flow.reaches('d', 'CONDITION_PENDING');
  const { data } = await executions.executeTask(flow.at('d'));
  assert.equal(data.task_type, 'DECISION');
  await flow.reaches('d', 'CONDITION_PENDING');
  await flow.choose('d', 'x');
  await flow.stands('a');
});

test('a person chooses one of the branches, the default one too', async () => {
  const parts = { tasks: [choice('d', ['x', 'none-met-d']), ...ends.slice(0, 2)], edges: edges('d > a : x', 'd > b : none-met-d !') };
  const flow = await start(parts);
  assert.deepEqual([flow.current, flow.statuses('d')], [['d'], ['PENDING']]);
  for (const body of [{}, { next_condition_id: 'nobody' }]) {
    const { status, message } = await refused(executions.patchTask(flow.at('d'), { status: 'COMPLETED', ...body }));
    assert.equal(status, 400);
    assert.match(message, /next_condition_id/);
  }
  assert.deepEqual((await flow.load()).current, ['d']);
  await flow.choose('d', 'none-met-d');
  assert.deepEqual(flow.current, ['b']);
  const other = await start(parts);
  await other.choose('d', 'x');
  assert.deepEqual(other.current, ['a']);
});

test('a decision that is skipped takes its default branch, or ends its path', async () => {
  const tasks = [choice('d', ['x', 'none-met-d']), ...ends.slice(0, 2)];
  const flow = await start({ tasks, edges: edges('d > a : x', 'd > b : none-met-d !') });
  await flow.skip('d');
  assert.deepEqual(flow.current, ['b']);
  const without = await start({ tasks, edges: edges('d > a : x', 'a > b') });
  await without.skip('d');
  await without.ends();
});

test('the primary entity is looked at, also where it is not the first', async () => {
  const contexts = [await about({ status: 'lost' }), { ...(await about({ status: 'won' }, 'meter')), is_primary: true }];
  const tasks = [decision('d', [when('x', won), when('y', lost)]), ...ends.slice(0, 2)];
  const flow = await start({ tasks, edges: edges('d > a : x', 'd > b : y') }, { contexts });
  await flow.stands('a');
});

test('a contact that is changed by anything else is looked at again too', async () => {
  const contact = await about({ email: `${Math.random()}@example.org`, plan: 'free' }, 'contact');
  const tasks = [decision('d', [when('x', that('plan', 'equals', 'pro'))]), manual('a')];
  const flow = await start({ tasks, edges: edges('d > a : x') }, { contexts: [contact] });
  await flow.reaches('d', 'CONDITION_PENDING');
  await asked('PATCH', `/contacts/${contact.entity_id}`, { data: { plan: 'pro' } });
  await flow.stands('a');
});
