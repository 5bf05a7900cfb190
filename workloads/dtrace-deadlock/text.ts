/*
 * The text segment: functions that have addresses.
 *
 * A module's symbol table, a stub's func_adr and a callout's c_func are words of the image that name
 * code, and code is not in the image.  So a function that some word names is entered here while modules
 * are evaluated, which gives it the same address in every thread (the argument of layout/linker.ts).
 * Nothing is ever taken out: a module's text is as good as loaded, and its symbols become reachable
 * when the module is installed.
 *
 * text_function() returns the function and does not call it.  Its caller does, so that no frame stands
 * between the two: where the kernel jumps through a pointer, the stack must read as if we had.
 */

import { panic } from '../../src/index.ts';

export type TextFunction = (...args: number[]) => number;

/** 0 names nothing; addresses begin here and step by 16, as a linker aligns functions. */
const TEXT_BASE = 0x10;
const TEXT_STEP = 0x10;

const functions: TextFunction[] = [];
const symbols = new Map<string, number>();

/**
 * Enters a function.  At module level only.
 * @param name the symbol, when the function has another name here
 * @returns its address
 */
export function text_symbol(module: string, func: TextFunction, name = func.name): number {
  const address = TEXT_BASE + TEXT_STEP * (functions.push(func) - 1);
  symbols.set(`${module}\`${name}`, address);
  return address;
}

/** The address of a symbol of a module, or 0: kobj_lookup(). */
export function kobj_lookup(module: string, name: string): number {
  return symbols.get(`${module}\`${name}`) ?? 0;
}

/** The function at an address. */
export function text_function(address: number): TextFunction {
  const func = functions[(address - TEXT_BASE) / TEXT_STEP];
  if (func === undefined) panic(`jump to ${address.toString(16)}: no function is there`);
  return func;
}
