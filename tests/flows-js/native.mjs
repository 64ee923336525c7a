// The server's own API, which the vendor's clients know nothing of.

import { base, key } from './client.mjs';

// A call; the answer with its status and body.
export async function call(method, path, body, headers = {}) {
  const answer = await fetch(base + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : undefined };
}

// A call that has to succeed; its body.
export async function asked(method, path, body) {
  const answer = await call(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

// A workflow of these steps one behind the other, each a type and its configuration; its id.
export async function workflow(...steps) {
  const { id } = await asked('POST', '/workflows', { name: 'A child', eventName: `never-${Math.random()}`, enabled: true });
  const path = `/workflows/${id}`;
  let before = (await asked('GET', path)).steps[0].id;
  for (const [type, config] of steps) {
    const body = { type, name: type, config, position: { x: 0, y: 0 }, autoConnect: false };
    const step = await asked('POST', `${path}/steps`, body);
    await asked('POST', `${path}/transitions`, { fromStepId: before, toStepId: step.id });
    before = step.id;
  }
  return id;
}

// The executions of a workflow, the newest first.
export async function runs(id) {
  return (await asked('GET', `/workflows/${id}/executions?pageSize=100`)).executions;
}
