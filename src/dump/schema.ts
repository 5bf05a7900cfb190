/*
 * The shapes of a dump's JSON, entry by entry: format.ts as data, for a reader that believes nothing.
 *
 * They ask for what our code relies on, and no more: a field that is not here is welcome.
 */

import type { Shape } from './shape.ts';

export const HEAD: Shape = {
  gridlock: 'string',
  node: 'string',
  v8: 'string',
  os: 'string',
  cpus: 'count',
  workload: 'string',
  variant: 'string',
  params: 'scalars',
  seed: 'count',
  trial: 'count',
  track: 'string',
  taken: 'string',
  verdict: 'string',
  message: 'string',
  because: ['string'],
  exact: 'boolean',
  seconds: 'number',
  cycle: ['count'],
  victims: ['count'],
  running: ['count'],
  replay: 'string',
  timing: 'scalars',
  image: { bytes: 'number', page: 'number' },
};

const FRAME: Shape = {
  function: 'string',
  file: 'string',
  line: 'count',
  column: 'count',
  'locals?': [{ name: 'string', value: 'string' }],
};

const LOCK: Shape = { name: 'string', kind: 'string', address: 'hex', 'mode?': 'string' };

export const THREADS: Shape = [
  {
    id: 'count',
    name: 'string',
    role: 'string',
    psargs: 'string',
    address: 'hex',
    thread_id: 'integer',
    os_tid: 'integer',
    cpu: 'integer',
    state: 'string',
    part: 'string',
    holds: [{ ...LOCK, held_ms: 'number' }],
    wants: [null, { ...LOCK, waited_ms: 'number', 'via?': 'string', owners: ['count'] }],
    stack: [FRAME],
    'unstopped?': 'string',
    progress: 'number',
    progress_after: 'number',
    silent_ms: 'number',
    'exit?': 'string',
    'os?': { state: 'string', doing: 'string' },
  },
];

export const LOCKS: Shape = [
  { ...LOCK, owners: ['count'], waiters: ['count'], contended: 'count', blocked: 'count' },
];

export const TYPES: Shape = [
  {
    name: 'string',
    size: 'count',
    fields: [
      {
        name: 'string',
        kind: 'string',
        offset: 'count',
        size: 'count',
        'count?': 'count',
        'target?': 'string',
        'names?': 'names',
      },
    ],
  },
];

export const SYMBOLS: Shape = [{ name: 'string', address: 'count', size: 'count', type: 'string' }];
