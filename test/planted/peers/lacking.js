/* A peer that says what this Node lacks for it. */
export function missing() {
  return 'it wants a Node of the next century';
}
export const mutex = { open: () => ({ lock() {}, unlock() {} }) };
