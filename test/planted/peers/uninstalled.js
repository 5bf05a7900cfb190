/* A peer that wants a package which nobody has. */
export { mutex } from 'a-package-that-nobody-has';
