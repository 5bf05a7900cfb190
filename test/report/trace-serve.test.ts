/*
 * Goal: a trace is served to ui.perfetto.dev and to nobody else, once, and then the server is gone.
 *
 * Method: the server on a port that the system picks, asked by hand; the port 9001 itself is not ours to take in a test.
 */

import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { EXIT } from '../../src/base/exit.ts';
import { Fail } from '../../src/base/fail.ts';
import { serveTrace, type Served } from '../../src/report/trace-serve.ts';

const TRACE = '{"traceEvents":[]}';
const LONG_MS = 60_000;

function portOf({ url }: Served): number {
  return Number(/:(\d+)\/trace\.json$/.exec(url)?.[1]);
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function ask(port: number, method: string, path: string, headers = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      const { statusCode: status, headers: sent } = response;
      text(response).then((body) => resolve({ status, headers: sent, body }), reject);
    })
      .on('error', reject)
      .end();
  });
}

test('it is fetched once, by the page that may', async () => {
  const served = await serveTrace(TRACE, { forMs: LONG_MS, port: 0 });
  const port = portOf(served);
  expect(served.url).toBe(`https://ui.perfetto.dev/#!/?url=http://127.0.0.1:${port}/trace.json`);
  // A browser asks first, and what else is asked for does not end it.
  const may = await ask(port, 'OPTIONS', '/trace.json');
  expect(may).toMatchObject({ status: 204, body: '' });
  expect(may.headers['access-control-allow-private-network']).toBe('true');
  expect(await ask(port, 'GET', '/')).toMatchObject({ status: 404, body: '' });
  expect(await ask(port, 'POST', '/trace.json')).toMatchObject({ status: 405, body: '' });
  const rebound = { host: `example.com:${port}` };
  expect(await ask(port, 'GET', '/trace.json', rebound)).toMatchObject({ status: 403, body: '' });

  const { status, headers, body } = await ask(port, 'GET', '/trace.json');
  expect({ status, body }).toEqual({ status: 200, body: TRACE });
  expect(headers['access-control-allow-origin']).toBe('https://ui.perfetto.dev');
  expect(await served.fetched).toBe(true);
  await expect(ask(port, 'GET', '/trace.json')).rejects.toThrow('ECONNREFUSED');
});

test('it ends when it is told to, and when its time is up', async () => {
  const stopped = await serveTrace(TRACE, { forMs: LONG_MS, port: 0 });
  stopped.stop();
  expect(await stopped.fetched).toBe(false);
  const bounded = await serveTrace(TRACE, { forMs: 1, port: 0 });
  expect(await bounded.fetched).toBe(false);
});

test('a port that is taken is said, with what to do', async () => {
  const other = createServer();
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
  const { port } = other.address() as AddressInfo;
  const error: unknown = await serveTrace(TRACE, { forMs: LONG_MS, port }).catch((e: unknown) => e);
  other.close();
  expect(error).toBeInstanceOf(Fail);
  expect((error as Fail).message).toContain(`port ${port} of 127.0.0.1 is taken`);
  expect(error).toMatchObject({ code: 'PORT_TAKEN', exit: EXIT.environment });
  expect((error as Fail).hint).toContain('-o');
});
