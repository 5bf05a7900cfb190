/*
 * ::walk: the addresses of a kind of thing, one by one.
 */

import { suggest } from '../../base/suggest.ts';
import { hex } from '../columns.ts';
import type { Dcmd } from '../dcmd.ts';
import { oops } from '../error.ts';

export const walk: Dcmd = {
  name: 'walk',
  usage: 'walk-name [variable-name]',
  address: 'optional',
  summary: 'walk data structure',
  help: [
    'Prints the address of each thing that the walker visits, or passes it on in a pipe.  With the name of a',
    'variable, that is set to each address while the commands behind in the pipe run.  ::walkers lists them.',
  ].join('\n'),
  *run({ target, address, hasAddress, args, session }) {
    const [name, variable] = args;
    if (name === undefined) throw oops('::walk needs the name of a walker', '::walkers lists them');
    const walker = session.walkers.get(name);
    if (walker === undefined) {
      const near = suggest(name.slice(0, 64), session.walkers.keys());
      throw oops(
        `unknown walk name '${name}'`,
        near === undefined ? '::walkers lists them' : `is it ${near}?`,
      );
    }
    if (walker.address === 'required' && !hasAddress) {
      throw oops(`walk ${name} needs an address`, `addr::walk ${name}`);
    }
    for (const at of walker.walk(target, hasAddress ? address : undefined)) {
      if (variable !== undefined) session.setVariable(variable, at);
      yield { text: hex(at), address: at };
    }
  },
};
