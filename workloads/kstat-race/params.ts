/*
 * The knobs of kstat-race, in a file of their own so that the roles can name their types.
 *
 * The smallest machine has KIDs 0 and 1 and room for the zone's first five kstats: 7.  Chains that small
 * are for schedules that somebody else decides, where a walk of thousands would be thousands of steps.
 */

export const params = {
  kstats: {
    type: 'int',
    default: 0x1642,
    min: 7,
    max: 40_000,
    title: "installed when a zone's sixth kstat, zone_zfs, is about to be",
    unit: 'kstats',
  },
  zones: { type: 'int', default: 1, min: 0, max: 16, title: 'zones that boot and halt' },
  agents: { type: 'int', default: 1, min: 0, max: 8, title: 'agents that read all headers' },
  iostats: {
    type: 'int',
    default: 1,
    min: 0,
    max: 8,
    title: 'processes that read the data of all disks',
  },
  interrupts: {
    type: 'int',
    default: 32,
    min: 0,
    max: 1_000_000,
    title: 'one kstat_install() in so many is held up before it clears INVALID; 0: none',
  },
  rounds: {
    type: 'int',
    default: 0,
    min: 0,
    max: 1_000_000,
    title: 'rounds of each role; 0: until stopped',
  },
} as const;
