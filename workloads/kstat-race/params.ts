/*
 * The knobs of kstat-race, in a file of their own so that the roles can name their types.
 *
 * Short chains are for schedules that somebody else decides, where a walk of thousands would be thousands of
 * steps: with a strategy they are the default.  From 17 on the headers fit a page with one to spare, so an overrun is as silent as it mostly is.  With
 * less, they come from a cache of small buffers, and an overrun goes into the next one: so they want a red zone.
 */

export const params = {
  kstats: {
    type: 'int',
    default: 0x1642,
    controlled: 7,
    min: 7,
    max: 40_000,
    title: "installed when a zone's sixth kstat, zone_zfs, is about to be",
    unit: 'kstats',
  },
  zones: { type: 'int', default: 1, min: 0, max: 16, title: 'zones that boot and halt' },
  agents: { type: 'int', default: 1, min: 0, max: 8, title: 'agents that read all headers' },
  iostats: {
    type: 'int',
    default: 0,
    min: 0,
    max: 8,
    title: 'processes that read the data of all disks',
  },
  interrupts: {
    type: 'int',
    default: 256,
    min: 0,
    max: 1_000_000,
    title: 'one kstat_install() in so many is held up before it clears INVALID; 0: none',
  },
  redzone: {
    type: 'flag',
    default: false,
    controlled: true,
    title: 'a red zone behind each buffer: an overrun panics when the buffer is freed',
  },
  rounds: {
    type: 'int',
    default: 0,
    controlled: 1,
    min: 0,
    max: 1_000_000,
    title: 'rounds of each role; 0: until stopped',
  },
} as const;
