// A flow followed live, as server-sent events from its journal.

import test from 'node:test';
import assert from 'node:assert/strict';
import { base, key } from './client.mjs';
import { choice, edges, manual, start } from './flow.mjs';

// An open stream; its events come one after the other.
async function follow(id, last) {
  const stop = new AbortController();
  const headers = { authorization: `Bearer ${key}`, ...(last !== undefined && { 'last-event-id': String(last) }) };
  const answer = await fetch(`${base}/v1/executions/${id}/events`, { headers, signal: stop.signal });
  const close = () => stop.abort();
  return { status: answer.status, type: answer.headers.get('content-type'), events: events(answer.body), close };
}

async function* events(body) {
  let text = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + chunk).split('\n\n');
    text = blocks.pop();
    for (const block of blocks) {
      const line = (name) => block.split('\n').find((one) => one.startsWith(`${name}: `))?.slice(name.length + 2);
      if (line('data')) yield { id: Number(line('id')), event: line('event'), data: JSON.parse(line('data')) };
    }
  }
}

// The events up to the first that fits.
async function upTo(stream, fits) {
  const seen = [];
  for (;;) {
    const { value, done } = await stream.events.next();
    assert.ok(!done, `the stream ended: ${JSON.stringify(seen)}`);
    seen.push(value);
    if (fits(value)) return seen;
  }
}

const parts = () => ({ tasks: [manual('a'), choice('d', ['x', 'y']), manual('b')], edges: edges('a > d', 'd > b : x') });
const ended = ({ event }) => event === 'execution-completed';

test('what people do is told as it happens', async () => {
  const flow = await start(parts());
  const stream = await follow(flow.id);
  assert.deepEqual([stream.status, stream.type], [200, 'text/event-stream']);
  const [first] = await upTo(stream, () => true);
  assert.deepEqual([first.id, first.event], [1, 'execution-started']);
  await flow.complete('a');
  const name = flow.task('a').id;
  const done = await upTo(stream, ({ event, data }) => event === 'task-changed' && data.data.taskId === name);
  assert.deepEqual([done.at(-1).data.data.to, done.at(-1).data.data.name], ['completed', 'Task a']);
  stream.close();
});

test('a stream that was lost goes on behind the last event, without a gap and with nothing twice', async () => {
  const flow = await start(parts());
  await flow.complete('a');
  const stream = await follow(flow.id);
  const seen = await upTo(stream, () => true);
  stream.close();
  await flow.choose('d', 'x');
  const resumed = await follow(flow.id, seen.at(-1).id);
  await flow.complete('b');
  seen.push(...(await upTo(resumed, ended)));
  resumed.close();
  assert.deepEqual(seen.map((event) => event.id), seen.map((_, at) => at + 1));
  const whole = await follow(flow.id);
  assert.deepEqual(await upTo(whole, ended), seen);
  whole.close();
});

test('closing and opening, adding and reverting are told too', async () => {
  const flow = await start(parts());
  const stream = await follow(flow.id);
  const { id } = await flow.add('a', 'd', { name: 'Added' });
  await upTo(stream, ({ event, data }) => event === 'task-added' && data.data.taskId === id);
  await flow.complete('a');
  await flow.revert('a');
  await upTo(stream, ({ event }) => event === 'task-reverted');
  await flow.change({ status: 'CLOSED' });
  await upTo(stream, ({ event }) => event === 'flow-closed');
  await flow.change({ status: 'STARTED' });
  await upTo(stream, ({ event }) => event === 'flow-reopened');
  stream.close();
});

test('an execution that is not there cannot be followed', async () => {
  for (const id of ['0190d3c8-0000-7000-8000-000000000000', 'nobody']) {
    const stream = await follow(id);
    assert.ok([400, 404].includes(stream.status), `${stream.status}`);
    stream.close();
  }
});
