/*
 * ::quit, $q: the end of the session.
 */

import type { Dcmd } from '../dcmd.ts';

export const quit: Dcmd = {
  name: 'quit',
  aliases: ['$q'],
  usage: '',
  address: 'none',
  summary: 'quit debugger',
  help: 'Ends the session.  Commands behind it, on the line or in the script, are not run.',
  *run({ session }) {
    session.quit();
    yield {};
  },
};
