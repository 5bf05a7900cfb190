/*
 * How a dcmd is spelled and used, in a line.
 */

import type { Dcmd } from './dcmd.ts';

/** `addr ::name usage`. */
export function usageOf(dcmd: Pick<Dcmd, 'name' | 'address' | 'usage'>): string {
  const address = { none: '', optional: '[addr] ', required: 'addr ' }[dcmd.address];
  return `${address}${spelled(dcmd)}${dcmd.usage === '' ? '' : ` ${dcmd.usage}`}`;
}

export function spelled({ name }: Pick<Dcmd, 'name'>): string {
  return name.startsWith('$') ? name : `::${name}`;
}

/** Whether there is nothing in it but options. */
export function takesNone({ usage }: Pick<Dcmd, 'usage'>): boolean {
  return usage.replace(/\[?-[A-Za-z]+[^\]]*\]?/g, '').trim() === '';
}
