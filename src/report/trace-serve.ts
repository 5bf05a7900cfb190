/*
 * Serves a trace to ui.perfetto.dev, once.
 *
 * The page is told by its address to fetch the trace from this machine, and a browser lets it do that from one place
 * only: the page's own content security policy names 127.0.0.1:9001, as Perfetto's trace processor listens there.  So
 * the port is not ours to choose, and if it is taken nothing else will do.
 *
 * Nobody but this machine can connect, nobody but that page may read the answer in a browser, and there is one
 * thing to be had.  Some browsers ask before a page may fetch from this machine; they are told that it may.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { fail } from '../base/fail.ts';

const HOST = '127.0.0.1';
const PORT = 9001;
const PAGE = 'https://ui.perfetto.dev';
const PATH = '/trace.json';

export interface Served {
  /** what to open in a browser */
  readonly url: string;
  /** true when the trace was fetched; false when the time was up or it was told to stop */
  readonly fetched: Promise<boolean>;
  stop(): void;
}

export interface ServeOptions {
  /** milliseconds after which it ends by itself */
  readonly forMs: number;
  /** another port than the page can reach: for tests; 0 for any */
  readonly port?: number;
}

/** @throws Fail PORT_TAKEN */
export async function serveTrace(
  trace: string,
  { forMs, port = PORT }: ServeOptions,
): Promise<Served> {
  const server = createServer();
  await listen(server, port);
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  let end = (_fetched: boolean): void => undefined;
  const fetched = new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => end(false), forMs);
    end = (isFetched) => {
      clearTimeout(timer);
      server.close();
      server.closeIdleConnections();
      resolve(isFetched);
    };
  });
  const host = `${HOST}:${actual}`;
  server.on('request', (request, response) => {
    // A page that has made its own name mean this machine is not the one that is meant.
    if (request.headers.host === host) answer(request, response, trace, () => end(true));
    else response.writeHead(403, { Connection: 'close' }).end();
  });
  return {
    url: `${PAGE}/#!/?url=http://${host}${PATH}`,
    fetched,
    stop: () => end(false),
  };
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? 'is taken' : `cannot be listened at: ${error.message}`;
      const instead = `${PAGE} may fetch from no other: end what listens there, or write the trace with -o and open the file in that page`;
      reject(fail('PORT_TAKEN', { port, host: HOST, why, instead }, { cause: error }));
    });
    server.listen(port, HOST, resolve);
  });
}

function answer(
  { method, url }: IncomingMessage,
  response: ServerResponse,
  trace: string,
  done: () => void,
): void {
  response.setHeader('Access-Control-Allow-Origin', PAGE);
  response.setHeader('Access-Control-Allow-Private-Network', 'true');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Connection', 'close');
  if (method === 'OPTIONS') {
    response.setHeader('Access-Control-Allow-Methods', 'GET');
    response.writeHead(204).end();
  } else if (url !== PATH) response.writeHead(404).end();
  else if (method === 'GET') {
    // Over only when all of it is out: a fetch that breaks off can be made again.
    response.once('finish', done);
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(trace);
  } else response.writeHead(405, { Allow: 'GET' }).end();
}
