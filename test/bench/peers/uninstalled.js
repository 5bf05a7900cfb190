/* A peer that wants a package which nobody has. */
import 'a-package-that-nobody-has';
export const mutex = {};
