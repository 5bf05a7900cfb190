/* The knobs of kstat-race, apart from the object that carries them so that roles can name their types. */
export const params = {
  kstats: {
    type: 'int',
    default: 0x1642,
    min: 7,
    max: 40_000,
    title: "kstats installed when a zone's zone_zfs is about to be",
    unit: 'kstats',
  },
  zones: { type: 'int', default: 1, min: 0, max: 16, title: 'zones that boot and halt, each by a zoneadmd' },
  agents: { type: 'int', default: 1, min: 0, max: 8, title: 'agents that read all headers' },
  iostats: { type: 'int', default: 1, min: 0, max: 8, title: 'processes that read the data of all disks' },
  interrupts: {
    type: 'int',
    default: 32,
    min: 0,
    max: 1_000_000,
    title: 'one kstat_install() in so many is interrupted before it clears INVALID; 0: by the host alone',
  },
  rounds: { type: 'int', default: 0, min: 0, max: 1_000_000, title: 'rounds of each role; 0: until stopped' },
} as const;
