/* Broken twin of a semaphore: it gives what it does not have. */
export const semaphore = {
  open: () => ({ acquire() {}, release() {} }),
};
